"""The results keep what tests have sent, and judge what only the whole run has measured."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import execnet
import pytest
from report_examples import MACHINE, SPEC, bare_record, record

from pytest_coreml.facts.measurement import Measurement
from pytest_coreml.facts.placement import Placement
from pytest_coreml.plugin.run_results import Collector, Results
from pytest_coreml.plugin.sent_records import SentRecords, decoded, encoded
from pytest_coreml.verdict.budgets import MeasuredFacts, judge_speedup

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_coreml.verdict.record import Record


def complete(*records: Any, positions: Sequence[int] = range(9)) -> Results:
    """Return the complete results of a run whose tests at *positions* have sent *records* from one process."""
    results = Results()
    for position, one in zip(positions, records, strict=False):
        results.add(SentRecords([one], {}, MACHINE, None, position))
    results.complete()
    return results


def measured(units: Any, milliseconds: float, **changes: Any) -> Any:
    """Return the record of a test that took *milliseconds* and wants to be twice as fast as on `cpuOnly`."""
    times = (milliseconds,) * 20
    measurement = Measurement(times, times, (0.0,) * 20, warmup=0)
    record = bare_record(id=f"test_a.py::test_b[{units}]", compute_units=units, predict=measurement, **changes)
    if units != "cpuOnly":
        record.checks = [judge_speedup("cpuOnly", 2.0, MeasuredFacts(units, predict=measurement))]
    return record


def test_a_speed_up_is_judged_when_its_partner_has_come() -> None:
    """A test that ended before the other one was measured fails, or passes, when the run is over."""
    slow, fast = measured("all", 9.0), measured("cpuAndGPU", 4.0)

    results = complete(slow, fast, measured("cpuOnly", 10.0))

    assert [[check.verdict for check in record.checks] for record in results.records] == [["failed"], ["passed"], []]
    assert [record.id for record in results.failed_late] == ["test_a.py::test_b[all]"]


def test_only_the_last_attempt_can_fail_late() -> None:
    """A test that was run again and was fast enough then has not failed."""
    attempts = [measured("all", 9.0, attempt=1, outcome="failed"), measured("all", 4.0, attempt=2)]

    results = complete(*attempts, measured("cpuOnly", 10.0))

    assert results.records[1].checks[0].verdict == "passed"
    assert results.failed_late == []


def test_records_have_the_order_of_the_tests() -> None:
    """Reports of two runs have the same order with any order of workers; attempts keep theirs."""
    first, second, again = (
        bare_record(id=f"test_a.py::test_{name}[all]", attempt=number)
        for name, number in (("z", 1), ("a", 1), ("a", 2))
    )

    results = complete(second, again, first, positions=(1, 1, 0))

    assert [(record.id[-6], record.attempt) for record in results.records] == [("z", 1), ("a", 1), ("a", 2)]


def test_a_record_names_its_machine_where_several_have_measured() -> None:
    """A report of one machine needs no name for it."""
    one, other = bare_record(), bare_record()
    results = Results(each_is_a_machine=True)
    results.add(SentRecords([one], {}, MACHINE, "gw0", 0))
    results.complete()
    alone = one.machine
    results.add(SentRecords([other], {}, MACHINE, "gw1", 1))
    results.complete()

    assert alone is None
    assert [one.machine, other.machine] == [f"{MACHINE['chip']} (gw0)", f"{MACHINE['chip']} (gw1)"]


@pytest.mark.parametrize("example", [measured("all", 9.0), record(), bare_record(placement=Placement((), "no plan"))])
def test_records_that_leave_the_process_come_back_as_they_were(example: Record) -> None:
    """pytest-xdist sends plain data only: an enumeration, which is a `str` too, is refused by execnet."""
    sent = SentRecords([example], {SPEC.sha256: SPEC}, MACHINE, "gw0", 3)

    data = encoded(sent)

    assert execnet.loads(execnet.dumps(data)) == data
    assert encoded(decoded(data)) == data


@pytest.mark.parametrize(("setuponly", "expected"), [(True, False), (False, True)])
def test_a_plan_of_setups_is_not_a_run(setuponly: bool, expected: bool) -> None:
    """`--setup-plan` starts tests without running them."""
    config: Any = SimpleNamespace(getoption=lambda _: setuponly)
    results = Results()

    Collector(config, results).pytest_runtest_logstart()

    assert results.ran == expected
