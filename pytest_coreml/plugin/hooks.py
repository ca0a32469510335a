"""The hooks of a run in which something of ours turned up: the course of a test, and the end of the run.

Hooks import what only a running test needs, so that a run that only collects does not.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from pytest_coreml.plugin import dropin, final_report
from pytest_coreml.plugin.names import SOURCE_FIXTURE, uses_fixture
from pytest_coreml.plugin.running_test import running_test

if TYPE_CHECKING:
    from collections.abc import Generator

    from pytest_coreml.plugin.pytest_run import PytestRun


class RunHooks:
    """Hooks over *run*. They have no properties: pytest 8.0 reads all attributes of a plugin."""

    def __init__(self, run: PytestRun) -> None:
        self.run = run

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(
        self, item: pytest.Item, nextitem: pytest.Item | None
    ) -> Generator[None, object, object]:
        """Close the engines that no later test needs, when a test and its reruns are over."""
        try:
            return (yield)
        finally:
            self.run.attempt = None
            if self.run.session is not None:
                self.run.session.models.release(keep=lambda _: _share_models(item, nextitem))

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> Generator[None, object, object]:
        """Begin an attempt: a plugin that reruns tests calls this again, but not the protocol around it."""
        from pytest_coreml.plugin.sending import forget_properties, keep_unreported_records

        forget_properties(item)
        keep_unreported_records(item, self.run)
        self.run.benchmark.prepare(item)
        self.run.begin_attempt(item)
        try:
            return (yield)
        except pytest.fail.Exception as failure:
            # Nothing follows a setup that was asked for alone.
            if item.config.getoption("setuponly", default=False) or not self.run.load_failures.keep(failure):
                raise
            return None
        except pytest.skip.Exception as skip:
            self.run.load_failures.note_skip(skip, self.run.attempt)
            raise

    def pytest_fixture_setup(self, fixturedef: pytest.FixtureDef[Any], request: pytest.FixtureRequest) -> None:
        """Note how fixtures are set up that may have to be set up again."""
        self.run.benchmark.note_fixture(fixturedef, request)
        if fixturedef.argname == SOURCE_FIXTURE:
            self.run.shared_fixture.note(fixturedef, request, self.run.running_attempt().declaration)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_call(self, item: pytest.Item) -> Generator[None, None, None]:
        """Judge the limits after the body has passed, so that a miss is an ordinary failure."""
        from pytest_coreml.plugin.conclusion import conclude
        from pytest_coreml.plugin.sending import use_fixture_models

        self.run.load_failures.raise_due(self.run.attempt)
        use_fixture_models(item, self.run.attempt)
        self.run.renew_fixture_models(item)
        self.run.in_body = True
        try:
            yield
        finally:
            self.run.in_body = False
        if self.run.attempt is not None:
            conclude(item, self.run, self.run.attempt)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Attach the records of a test to its report."""
        from pytest_coreml.plugin.sending import attach_records

        report = yield
        attach_records(item, call, report, self.run)
        return report

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Attach the records of a later attempt than the one that the report was made of."""
        if report is self.run.unlogged:
            self.run.unlogged = None
        attempt = self.run.attempt
        if attempt is None or attempt.is_over or self.run.in_body:
            return
        if report.when != "call" or report.nodeid != attempt.id:
            return
        from pytest_coreml.plugin.sending import attach_repeated_records

        attach_repeated_records(running_test(self.run.config), report, self.run, attempt)
        self.run.unlogged = None

    @pytest.hookimpl(wrapper=True)
    def pytest_report_to_serializable(self, report: object) -> Generator[None, Any, Any]:
        """Encode the records of a report that leaves the process."""
        data = yield
        if isinstance(data, dict) and hasattr(report, "coreml"):
            from pytest_coreml.plugin.sent_records import encoded

            data["coreml"] = encoded(report.coreml)
        return data

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Close the engines and write the report."""
        self.run.close()
        final_report.finish(self.run, session)

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        """Print the table and what was not green."""
        final_report.summarize(self.run, terminalreporter)

    def pytest_unconfigure(self) -> None:
        """Leave nothing behind, also when the run was interrupted."""
        self.run.close()
        dropin.uninstall(self.run.options)


def _share_models(item: pytest.Item, nextitem: pytest.Item | None) -> bool:
    """Return True if the next test may use the models that are loaded now."""
    return nextitem is not None and nextitem.path == item.path and (uses_fixture(nextitem) or uses_fixture(item))
