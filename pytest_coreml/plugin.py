"""The hooks of pytest; each only forwards.

See https://docs.pytest.org/en/stable/reference/reference.html#hooks for what each is told and may do.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from pytest_coreml import collection, fixtures, running
from pytest_coreml.errors import CoreMLTestError
from pytest_coreml.fixtures import (
    coreml_all,
    coreml_cpu_and_gpu,
    coreml_cpu_and_neural_engine,
    coreml_cpu_only,
    coreml_load,
    coreml_machine,
    coreml_model,
    coreml_source,
)
from pytest_coreml.options import Options, add_options
from pytest_coreml.state import KEY, State, state_of

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path

__all__ = [
    "coreml_all",
    "coreml_cpu_and_gpu",
    "coreml_cpu_and_neural_engine",
    "coreml_cpu_only",
    "coreml_load",
    "coreml_machine",
    "coreml_model",
    "coreml_source",
]


def pytest_addoption(parser: pytest.Parser) -> None:
    """Declare the options."""
    add_options(parser)


def pytest_configure(config: pytest.Config) -> None:
    """Declare the markers, read the options, and find out now whether the report can be written."""
    from pytest_coreml.marks import DESCRIPTIONS

    for line in DESCRIPTIONS:
        config.addinivalue_line("markers", line)
    try:
        config.stash[KEY] = State(config, Options.from_config(config))
        running.prepare(config)
    except CoreMLTestError as error:
        raise pytest.UsageError(str(error)) from None


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """One test for each source and compute units."""
    fixtures.parametrize(metafunc)


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    """A model file that was named on the command line is a test."""
    if collection.is_named(parent.config, file_path):
        return collection.ModelFile.from_parent(parent, path=file_path)
    return None


def pytest_collect_directory(path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    """A package that was named on the command line is a test."""
    if collection.is_named(parent.config, path):
        return collection.ModelPackage.from_parent(parent, path=path)
    return None


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Find all mistakes in marks."""
    state_of(config).check(items)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item, nextitem: pytest.Item | None) -> Generator[None, object, object]:
    """Frame a test: engines that no later test needs are closed after it."""
    running.begin(item)
    try:
        return (yield)
    finally:
        running.end(item, nextitem)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, None, None]:
    """Judge the budgets after the body has passed, so that a miss is an ordinary failure."""
    running.attend(item)
    yield
    running.judge(item)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Generator[None, Any, Any]:
    """Send the records of a test with its report."""
    report = yield
    running.attach(item, call, report)
    return report


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """Close the engines and write the report."""
    running.finish(session)


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """Print the table and what was not green."""
    running.summarize(terminalreporter, config)


def pytest_unconfigure(config: pytest.Config) -> None:
    """Leave nothing behind, also when the run was interrupted."""
    if KEY in config.stash:
        state_of(config).close()
