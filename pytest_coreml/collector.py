"""Keeps what came with the reports of tests, in the process that writes and prints."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from pytest_coreml.presence import state_of

if TYPE_CHECKING:
    import pytest

NAME: Final = "pytest-coreml-collector"


class Collector:
    """A plugin of its own, so that it gets the reports which pytest-xdist's workers send.

    *entries*: encoded records; *models*: encoded specifications by digest; *machine*: facts, from the
    first report that came to the last one. *problem*: why the report could not be written.
    """

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self.entries: list[dict[str, Any]] = []
        self.models: dict[str, dict[str, Any]] = {}
        self.machine: dict[str, Any] | None = None
        self.problem: str | None = None

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Keep the records that came with a report."""
        sent = getattr(report, "coreml", None)
        if sent is not None:
            from pytest_coreml.machine.document import joined

            # The controller of pytest-xdist collects no tests: this may be the first thing of ours that it meets.
            state_of(self._config)
            self.entries += sent["records"]
            self.models.update(sent["models"])
            self.machine = joined(self.machine, sent["machine"]) if self.machine else sent["machine"]


def collector_of(config: pytest.Config) -> Collector | None:
    """Give the collector of this run; a worker of pytest-xdist has none."""
    found = config.pluginmanager.get_plugin(NAME)
    return found if isinstance(found, Collector) else None
