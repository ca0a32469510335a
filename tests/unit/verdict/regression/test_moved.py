"""Operations that left the device that the baseline's plan had them on."""

from __future__ import annotations

from dataclasses import replace

import pytest
import report_examples

from pytest_coreml.facts.placement import Operation, Placement
from pytest_coreml.report.text.failure_text import check_line
from pytest_coreml.verdict.regression.judge import Rules, judge_against
from pytest_coreml.verdict.regression.moved import judge_moved
from pytest_coreml.verdict.regression.run import Run


def plan(**devices: tuple[str, float | None]) -> Run:
    """Return a run with a plan: output names, with device and cost."""
    ops = [Operation(name, "relu", device, (), cost, "main") for name, (device, cost) in devices.items()]  # type: ignore[arg-type]
    return Run(report_examples.MACHINE, placement=Placement(tuple(ops)))


BEFORE = plan(a=("neuralEngine", 0.6), b=("neuralEngine", 0.3), c=("cpu", 0.1))
NOW = plan(a=("neuralEngine", 0.2), b=("cpu", 0.7), c=("gpu", 0.1))


@pytest.mark.parametrize(
    ("device", "limit", "verdict", "share"),
    [
        ("neuralEngine", 0.29, "failed", 0.3),
        ("neuralEngine", 0.3, "passed", 0.3),
        ("cpu", 0.0, "failed", 0.1),
        ("gpu", 0.0, "passed", 0.0),
    ],
)
def test_the_share_that_left_is_one_of_the_baseline(device: str, limit: float, verdict: str, share: float) -> None:
    """Costs are other ones on another device: what left is what it was worth."""
    (check,) = judge_moved(BEFORE, [NOW], {device: limit})  # type: ignore[dict-item]

    assert check.verdict == verdict
    assert check.value == pytest.approx(share)


def test_without_costs_operations_are_counted() -> None:
    """One of two."""
    before = plan(a=("neuralEngine", None), b=("neuralEngine", None))
    now = plan(a=("neuralEngine", None), b=("cpu", None))

    (check,) = judge_moved(before, [now], {"neuralEngine": 0.4})

    assert (check.value, check.verdict) == (0.5, "failed")


def test_operations_that_appear_or_vanish_have_not_moved() -> None:
    """A changed model is another finding."""
    before, now = plan(a=("neuralEngine", 1.0)), plan(b=("cpu", 1.0))

    (check,) = judge_moved(before, [now], {"neuralEngine": 0.0})

    assert (check.value, check.verdict) == (0.0, "passed")


@pytest.mark.parametrize(
    ("before", "now"), [(None, [NOW]), (Run({}), [NOW]), (BEFORE, [Run({})]), (BEFORE, []), (plan(), [NOW])]
)
def test_without_two_plans_nothing_is_judged(before: Run | None, now: list[Run]) -> None:
    """No baseline, or no plan on a side."""
    (check,) = judge_moved(before, now, {"neuralEngine": 0.0})

    assert (check.value, check.verdict) == (None, "not_judged")


def test_a_comparison_judges_plans_across_machines_and_asks_for_no_other_run() -> None:
    """Times are of one kind of machine, placement is not."""
    elsewhere = replace(NOW, machine={**report_examples.MACHINE, "chip": "Apple M1"})

    findings = judge_against([BEFORE], [elsewhere], Rules(max_moved={"neuralEngine": 0.02}))

    (check,) = findings.checks
    assert check_line(check) == (
        "planned cost that left neuralEngine 30.0 %, at most 2.0 % (+28.0 points): planned elsewhere: 1 x relu"
    )
    assert not findings.wants_another_run
