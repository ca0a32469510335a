"""Notes on the whole run do not depend on the order of its tests."""

from __future__ import annotations

import pytest
from report_examples import bare_record

from pytest_coreml.facts.limits import Budget
from pytest_coreml.facts.measurement import Measurement
from pytest_coreml.facts.placement import Operation, Placement
from pytest_coreml.report.text.causes import reason_text
from pytest_coreml.verdict.budgets import MeasuredFacts, judge_budgets
from pytest_coreml.verdict.end_of_run import settle


def run(median: float) -> Measurement:
    return Measurement((median,) * 30, (median,) * 30, None, warmup=20)


def waiting(limit: float, **changes: object):
    """Make a record whose speed-up over the CPU could not be judged in its test."""
    checks = judge_budgets(Budget(min_speedup={"cpuOnly": limit}), MeasuredFacts("all", predict=run(5.0)))
    return bare_record(predict=run(5.0), checks=checks, outcome="skipped", **changes)


CPU = bare_record(compute_units="cpuOnly", predict=run(10.0))


@pytest.mark.parametrize(("limit", "verdict", "outcome"), [(2.0, "passed", "skipped"), (2.1, "failed", "failed")])
def test_a_speedup_is_judged_when_its_partner_came_later(limit: float, verdict: str, outcome: str) -> None:
    """By the same rules; a test that has ended can still fail."""
    record = waiting(limit)

    failed = settle([record, CPU])

    assert [(check.value, check.verdict) for check in record.checks] == [(2.0, verdict)]
    assert (record.outcome, failed == [record]) == (outcome, verdict == "failed")


def test_a_test_that_is_expected_to_fail_may_fail_late() -> None:
    """The check has failed, and the run has not."""
    record = waiting(2.1, expected_failure=True)

    assert settle([record, CPU]) == []
    assert ([check.verdict for check in record.checks], record.outcome) == (["failed"], "skipped")


@pytest.mark.parametrize(
    "partner",
    [
        None,
        bare_record(model="f" * 64, compute_units="cpuOnly", predict=run(10.0)),
        bare_record(compute_units="cpuOnly"),
    ],
    ids=["none", "another model", "not measured"],
)
def test_without_a_partner_it_stays_not_judged(partner) -> None:
    """Another model's time is none of this one's."""
    record = waiting(2.0)

    assert settle([record, *([partner] if partner else [])]) == []
    assert [check.verdict for check in record.checks] == ["not_judged"]


def test_what_was_not_judged_for_another_reason_stays_so() -> None:
    """A clock that may not be judged is none later either."""
    checks = judge_budgets(
        Budget(min_speedup={"cpuOnly": 2.0}), MeasuredFacts("all", predict=run(5.0), clock="no clock")
    )
    record = bare_record(predict=run(5.0), checks=checks)

    assert settle([record, CPU]) == []
    assert [reason_text(check.reason) for check in record.checks] == ["no clock"]


@pytest.mark.parametrize(("ours", "noted"), [(10.0, True), (5.0, False)])
def test_a_plan_that_timing_does_not_confirm_is_noted(ours: float, noted: bool) -> None:
    """With the model and its compute units."""
    plan = Placement((Operation("y", "conv", "neuralEngine", ("cpu", "neuralEngine"), 1.0, "main"),))
    record = bare_record(compute_units="cpuAndNeuralEngine", predict=run(ours), placement=plan)

    settle([record, CPU])

    words = "Encoder.mlpackage on cpuAndNeuralEngine: planned placement not confirmed by timing"
    assert any(note.startswith(words) for note in record.notes) == noted
