"""The hooks of a run in which something of ours turned up; each only forwards."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from pytest_coreml.plugin import conclusion, dropin, whole_run
from pytest_coreml.plugin.names import state_of

if TYPE_CHECKING:
    from collections.abc import Generator


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item, nextitem: pytest.Item | None) -> Generator[None, object, object]:
    """Close the engines that no later test needs, when a test and its reruns are over."""
    try:
        return (yield)
    finally:
        conclusion.end(item, nextitem)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> Generator[None, object, object]:
    """Begin an attempt: a plugin that reruns tests calls this again, but not the protocol around it."""
    conclusion.begin(item)
    with conclusion.load_failure_postponed(item):
        return (yield)


def pytest_fixture_setup(fixturedef: pytest.FixtureDef[Any], request: pytest.FixtureRequest) -> None:
    """Note what our shared fixture is set up for."""
    conclusion.note_fixture(fixturedef, request)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, None, None]:
    """Judge the budgets after the body has passed, so that a miss is an ordinary failure."""
    conclusion.fail_if_not_loaded(item)
    conclusion.attend(item)
    with conclusion.body_of(item):
        yield
    conclusion.judge(item)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Generator[None, Any, Any]:
    """Send the records of a test with its report."""
    report = yield
    conclusion.attach(item, call, report)
    return report


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """Close the engines and write the report."""
    whole_run.finish(session)


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """Print the table and what was not green."""
    whole_run.summarize(terminalreporter, config)


def pytest_unconfigure(config: pytest.Config) -> None:
    """Leave nothing behind, also when the run was interrupted."""
    state_of(config).close()
    dropin.end(state_of(config).options)
