"""Keeps what came with the reports of tests, in the process that writes and prints."""

from __future__ import annotations

from functools import cached_property
from operator import itemgetter
from typing import TYPE_CHECKING, Any, Final

import pytest

from pytest_coreml.plugin.names import MISTAKES, SHARES_HOST, is_used, state_of

if TYPE_CHECKING:
    from pytest_coreml.report.document.machines import Machines
    from pytest_coreml.verdict.record import Record

NAME: Final = "pytest-coreml-collector"


class Gathered:
    """What all tests of a run have told.

    *apart*: as `Machines` says. *models*: encoded specifications by digest. *ran*: whether any test was run at all.
    *problem*: why the report could not be written. *failed_late*: records that failed by what the whole run told, once
    it is over.
    """

    def __init__(self, apart: bool = False) -> None:
        self._apart = apart
        self._entries: list[tuple[int, dict[str, Any]]] = []
        self.models: dict[str, dict[str, Any]] = {}
        self.ran = False
        self.problem: str | None = None
        self.failed_late: list[Record] = []

    def add(self, sent: dict[str, Any]) -> None:
        """Keep what came with the report of a test: records, models, which worker on which machine has made them, and
        where the test stands among all."""
        machine = self.machines.note(sent["worker"], sent["machine"])
        self._entries += [(sent["position"], {**entry, "machine": machine}) for entry in sent["records"]]
        self.models.update(sent["models"])

    @cached_property
    def machines(self) -> Machines:
        """The machines that measured."""
        from pytest_coreml.machine.document import joined
        from pytest_coreml.report.document.machines import Machines

        return Machines(joined, self._apart)

    @cached_property
    def records(self) -> list[Record]:
        """All records of the run, and what they tell together; to be asked for when it is over.

        In the order of the tests, whichever worker of pytest-xdist was done first.
        """
        if not self._entries:
            return []
        from pytest_coreml.report.document.decode import decode_record
        from pytest_coreml.verdict.end_of_run import settle
        from pytest_coreml.verdict.repeated_records import last_attempts, note_duplicates

        several = self.machines.several
        entries = [entry for _, entry in sorted(self._entries, key=itemgetter(0))]
        records = [decode_record({**entry, "machine": entry["machine"] if several else None}) for entry in entries]
        note_duplicates(records)
        # What failed before it was run again has failed already, and counts no more.
        self.failed_late = settle(last_attempts(records))
        return records


class Collector:
    """A plugin of its own, so that it gets the reports which pytest-xdist's workers send.

    It has no properties: pytest 8.0 reads all attributes of a plugin when it looks for fixtures.
    """

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self._run: str | None = None
        # With `--dist=each`, every worker is taken for a machine of its own.
        self.gathered = Gathered(apart=config.getoption("dist", "no") == "each")

    def pytest_runtest_logstart(self) -> None:
        """Note that a test is run, and not only collected, or its setup shown."""
        self.gathered.ran = not self._config.getoption("setuponly")

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Keep the records that came with a report."""
        sent = getattr(report, "coreml", None)
        if sent is not None:
            # The controller of pytest-xdist collects no tests: this may be the first thing of ours that it meets.
            state_of(self._config)
            self.gathered.add(sent)

    @pytest.hookimpl(optionalhook=True)
    def pytest_configure_node(self, node: Any) -> None:
        """Tell a worker of pytest-xdist what it cannot see."""
        hosts = [_host(spec) for spec in node.nodemanager.specs]
        together = hosts.count(_host(node.gateway.spec)) > 1
        node.workerinput[SHARES_HOST] = together and self._config.getoption("dist") != "each"

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        """Raise the usage error that a worker of pytest-xdist has found."""
        self._run = node.workerinput.get("testrunuid")
        mistakes = getattr(node, "workeroutput", {}).get(MISTAKES)
        if mistakes is not None:
            raise pytest.UsageError(mistakes)

    def pytest_unconfigure(self) -> None:
        """Remove what workers of pytest-xdist have told each other."""
        if self._run is not None and is_used(self._config):
            from pytest_coreml.engine.crashes import forget

            forget(self._run)


def _host(spec: Any) -> object:
    # Of an `execnet.XSpec`: what is in none of these runs beside the controller.
    return spec.ssh or spec.vagrant_ssh or (spec.socket and spec.socket.partition(":")[0])


def gathered_of(config: pytest.Config) -> Gathered | None:
    """Give what this run has gathered; a worker of pytest-xdist gathers nothing."""
    found = config.pluginmanager.get_plugin(NAME)
    return found.gathered if isinstance(found, Collector) else None
