"""A plan for the Neural Engine that costs as much time as the CPU alone is not confirmed."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pytest_coreml.facts.measurement import Measurement
from pytest_coreml.facts.placement import Operation, Placement
from pytest_coreml.verdict.plan_timing import unconfirmed


def plan(share: float) -> Placement:
    ops = [("a", "neuralEngine", share), ("b", "cpu", 1 - share)]
    return Placement(tuple(Operation(n, "conv", d, ("cpu", d), cost, "main") for n, d, cost in ops))  # type: ignore[arg-type]


def run(median: float, spread: float = 0.0, waits: float = 0.0) -> Measurement:
    times = tuple(median + spread * step for step in (-1, 0, 1) for _ in range(10))
    return Measurement(times, times, (waits,) * 30, warmup=20)


def test_equal_times_do_not_confirm() -> None:
    """Single-precision models never reach the Neural Engine: 32.70 ms there, 32.37 ms on the CPU, as once measured."""
    assert unconfirmed(plan(0.9), run(32.70), run(32.37)) == (
        "planned placement not confirmed by timing: the plan has 90.0 % of cost on neuralEngine, but the median of "
        "32.7 ms is within noise of the 32.4 ms under cpuOnly"
    )


@pytest.mark.parametrize(
    ("placement", "own", "cpu"),
    [
        (plan(0.9), run(5.2), run(10.4)),
        (plan(0.9), run(13.0), run(10.0)),
        (plan(0.2), run(10.0), run(10.0)),
        (Placement((), "no plan"), run(10.0), run(10.0)),
        (plan(0.9), run(10.0, waits=9.0), run(10.0)),
        (plan(0.9), run(10.0), replace(run(10.0), thermal=("nominal", "heavy"))),
    ],
    ids=["faster", "slower", "little of it there", "unknown plan", "disturbed", "became warm"],
)
def test_nothing_is_said(placement: Placement, own: Measurement, cpu: Measurement) -> None:
    """Different times, a plan without Neural Engine and a missing fact make no note."""
    assert unconfirmed(placement, own, cpu) is None


@pytest.mark.parametrize(("spread", "said"), [(0.1, False), (3.0, True)])
def test_noise_is_what_the_runs_show(spread: float, said: bool) -> None:
    """A tenth faster is a difference in steady runs, and none in noisy ones."""
    assert (unconfirmed(plan(0.9), run(9.0, spread), run(10.0, spread)) is not None) == said
