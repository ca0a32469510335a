"""The results of all tests of a run, in the process that writes and prints."""

from __future__ import annotations

from operator import itemgetter
from typing import TYPE_CHECKING

from pytest_coreml.report.document.machines import Machines
from pytest_coreml.verdict.repeated_records import last_attempts, note_duplicates

if TYPE_CHECKING:
    import pytest

    from pytest_coreml.facts.model_spec import ModelSpec
    from pytest_coreml.facts.timeline import Timeline, Track
    from pytest_coreml.plugin.sent_records import SentRecords
    from pytest_coreml.report.document.dataclass_codec import Json
    from pytest_coreml.verdict.record import Record


class Results:
    """The records that the tests of a run have sent; with *each_is_a_machine*, every worker is another machine."""

    def __init__(self, each_is_a_machine: bool = False) -> None:
        self.machines = Machines(each_is_a_machine)
        self.models: dict[str, ModelSpec] = {}
        """Specifications of all models, by digest."""
        self.devices: dict[str, Json] = {}
        """The devices of device reports, by the names that records have for them."""
        self.records: list[Record] = []
        """All records in the order of the tests, once the results are complete."""
        self.failed_late: list[Record] = []
        """The records that failed by what only the whole run has measured, once the results are complete."""
        self.ran = False
        """True once a test was run, and not only collected, or its setup shown."""
        self.partial = False
        """True once the run has ended before all its tests."""
        self.kept = False
        """True if the report of an earlier run stays, since no test of a model has ended in this one."""
        self.problem: str | None = None
        """The reason why the report could not be written."""
        self.tracks: list[tuple[str, Track]] = []
        """The events recorded for a timeline, with the name of the machine."""
        self.timeline: Timeline | None = None
        """The timeline of the whole run, once it was put together."""
        self.trace_written = False
        """True once the timeline was written."""
        self._entries: list[tuple[int, str, Record]] = []

    def add(self, sent: SentRecords) -> None:
        """Keep what a test has sent."""
        from pytest_coreml.verdict.record import note_sizes

        machine = self.machines.note(sent.worker, sent.machine)
        note_sizes(sent.records, sent.models)
        self._entries += [(sent.position, machine, record) for record in sent.records]
        self.models.update(sent.models)
        self.devices.update(sent.devices)
        self.tracks += [(machine, track) for track in sent.tracks]

    def complete(self) -> None:
        """Order the records, with any order of workers, and judge what only the whole run has measured."""
        if not self._entries:
            return
        from pytest_coreml.verdict.end_of_run import settle

        for _, machine, record in self._entries:
            if record.machine not in self.devices:
                record.machine = machine if self.machines.several else None
        self.records = [record for _, _, record in sorted(self._entries, key=itemgetter(0))]
        note_duplicates(self.records)
        # An attempt that was followed by another one has failed already, and does not count.
        self.failed_late = settle(self.last_attempts)

    @property
    def last_attempts(self) -> list[Record]:
        """The records of attempts that were not followed by another one."""
        return last_attempts(self.records)


class Collector:
    """Hooks of the process that writes and prints: they collect what tests have sent."""

    def __init__(self, config: pytest.Config, results: Results) -> None:
        self.config = config
        self.results = results

    def pytest_runtest_logstart(self) -> None:
        """Note that a test is run, and not only collected, or its setup shown."""
        self.results.ran = not self.config.getoption("setuponly")

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Keep the records that came with a report."""
        sent: SentRecords | None = getattr(report, "coreml", None)
        if sent is not None:
            self.results.add(sent)
