"""The collector makes records of what came with reports, and judges what only the whole run can tell."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from report_examples import MACHINE, bare_record

from pytest_coreml.facts.measurement import Measurement
from pytest_coreml.plugin.names import STATE
from pytest_coreml.plugin.results import Collector
from pytest_coreml.report.document.codec import encode_record
from pytest_coreml.verdict.budgets import MeasuredFacts, judge_speedup

if TYPE_CHECKING:
    from collections.abc import Sequence


def collect(*records: Any, positions: Sequence[int] = range(9), **options: Any) -> Collector:
    """Give the collector of a run with *options* that got *records*, of tests at *positions*, from one process."""
    config: Any = SimpleNamespace(stash={STATE: None}, getoption=lambda name, default=None: options.get(name, default))
    collector = Collector(config)
    for position, record in zip(positions, records, strict=False):
        sent = {"worker": None, "position": position, "machine": MACHINE, "models": {}}
        sent["records"] = [encode_record(record)]
        collector.pytest_runtest_logreport(SimpleNamespace(coreml=sent))  # type: ignore[arg-type]
    return collector


def measured(units: Any, milliseconds: float, **changes: Any) -> Any:
    """Give the record of a test that took *milliseconds* and wants to be twice as fast as on `cpuOnly`."""
    times = (milliseconds,) * 20
    run = Measurement(times, times, (0.0,) * 20, warmup=0)
    record = bare_record(id=f"test_a.py::test_b[{units}]", compute_units=units, predict=run, **changes)
    if units != "cpuOnly":
        record.checks = [judge_speedup("cpuOnly", 2.0, MeasuredFacts(units, predict=run))]
    return record


def test_a_speed_up_is_judged_when_its_partner_has_come() -> None:
    """The test ended before the other one was measured: it fails, or passes, when the run is over."""
    slow, fast = measured("all", 9.0), measured("cpuAndGPU", 4.0)

    gathered = collect(slow, fast, measured("cpuOnly", 10.0)).gathered

    assert [[check.verdict for check in record.checks] for record in gathered.records] == [["failed"], ["passed"], []]
    assert [record.id for record in gathered.failed_late] == ["test_a.py::test_b[all]"]


def test_only_the_last_attempt_can_fail_late() -> None:
    """A test that was run again and was fast enough then has not failed."""
    attempts = [measured("all", 9.0, attempt=1, outcome="failed"), measured("all", 4.0, attempt=2)]

    gathered = collect(*attempts, measured("cpuOnly", 10.0)).gathered

    assert gathered.records[1].checks[0].verdict == "passed"
    assert gathered.failed_late == []


def test_records_have_the_order_of_the_tests() -> None:
    """Whichever worker was done first: reports of two runs can be read side by side; attempts stay as they came."""
    first, second, again = (
        bare_record(id=f"test_a.py::test_{name}[all]", attempt=number)
        for name, number in (("z", 1), ("a", 1), ("a", 2))
    )

    gathered = collect(second, again, first, positions=(1, 1, 0)).gathered

    assert [(record.id[-6], record.attempt) for record in gathered.records] == [("z", 1), ("a", 1), ("a", 2)]


def test_a_plan_of_setups_is_no_run() -> None:
    """`--setup-plan` starts tests without running them."""
    plan, run = collect(setuponly=True), collect(setuponly=False)
    before = run.gathered.ran
    for collector in (plan, run):
        collector.pytest_runtest_logstart()

    assert (before, plan.gathered.ran, run.gathered.ran) == (False, False, True)
