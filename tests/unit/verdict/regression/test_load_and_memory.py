"""Loads, compiling, memory and size against the baseline."""

from __future__ import annotations

from dataclasses import replace

import pytest
import report_examples

from pytest_coreml.facts.measurement import LoadTimes, Measurement
from pytest_coreml.report.text.causes import reason_text
from pytest_coreml.verdict.regression.load_and_memory import judge_costs, judge_size
from pytest_coreml.verdict.regression.run import Run


def run(load_ms: float = 100.0, memory_mb: float = 50.0, waiting: float | None = 0.0, size: int = 1000) -> Run:
    """Return a run whose predictions waited for a share of their time; None: unknown."""
    times = (10.0,) * 40
    predict = Measurement(times, times, None if waiting is None else (10 * waiting,) * 40, warmup=0)
    model = replace(report_examples.SPEC, size_bytes=size)
    return Run({}, predict, LoadTimes(load_ms=(load_ms * 1.2, load_ms)), memory_mb, model=model)


BASELINE = [run(90.0), run(100.0), run(120.0)]


def verdicts(name: str, *current: Run, baseline: list[Run] = BASELINE) -> str:
    return next(check.verdict for check in judge_costs(baseline, current) if check.check == f"regression[{name}]")


@pytest.mark.parametrize(
    ("load_ms", "verdict"), [(60, "passed"), (140, "passed"), (160, "inconclusive"), (300, "failed")]
)
def test_a_load_must_be_far_slower(load_ms: float, verdict: str) -> None:
    """Loads move by 40 % between runs: a half more is accepted, and below twice the verdict is inconclusive."""
    assert verdicts("load_ms", run(load_ms)) == verdict


def test_one_quick_load_clears() -> None:
    """A load that is slow in one process only is not a regression."""
    assert verdicts("load_ms", run(300), run(100)) == "passed"


def test_a_figure_of_a_further_process_says_so() -> None:
    """The table shows the value of the first process, so that the two values agree."""
    alone, confirmed = (
        next(check for check in judge_costs(BASELINE, current) if check.check == "regression[memory_mb]")
        for current in ([run(memory_mb=87.6)], [run(memory_mb=87.6), run(memory_mb=83.4)])
    )

    assert (alone.value, reason_text(alone.reason)) == (87.6, "against 3 baseline runs")
    assert confirmed.value == 83.4
    assert reason_text(confirmed.reason) == "against 3 baseline runs; the value is of the last of 2 processes"


@pytest.mark.parametrize("waiting", [0.5, None])
def test_a_slow_load_on_a_machine_that_may_be_busy_convicts_nobody(waiting: float | None) -> None:
    """Nothing tells a load that was kept waiting from one that is slow."""
    assert verdicts("load_ms", run(1000, waiting=waiting)) == "inconclusive"


def test_a_slow_load_while_the_machine_became_warmer_convicts_nobody() -> None:
    """The machine may have lowered its clock."""
    slow = run(1000)
    warmer = replace(slow, load=LoadTimes(load_ms=(1000.0,), thermal=("nominal", "heavy")))

    assert verdicts("load_ms", slow) == "failed"
    assert verdicts("load_ms", warmer) == "inconclusive"


def test_a_baseline_of_busy_runs_judges_nothing() -> None:
    """Its loads were longer than the model's own, so that keeping below them says nothing."""
    assert verdicts("load_ms", run(100), baseline=[run(900, waiting=0.5)]) == "not_judged"


def test_loads_beside_others_convict_nobody_and_are_no_baseline() -> None:
    """Each of two loads at once may take longer than it would alone; what keeps below the limit keeps it for sure."""
    beside = replace(run(1000), load=LoadTimes(load_ms=(1000.0,), alone=False))
    quick = replace(beside, load=replace(beside.load, load_ms=(100.0,)))

    assert verdicts("load_ms", beside) == "inconclusive"
    assert verdicts("load_ms", quick) == "passed"
    assert verdicts("load_ms", run(100), baseline=[quick]) == "not_judged"
    assert verdicts("memory_mb", run(100), baseline=[quick]) == "passed"


@pytest.mark.parametrize(("memory_mb", "verdict"), [(40, "passed"), (59, "passed"), (90, "failed")])
def test_memory_may_grow_by_a_fifth(memory_mb: float, verdict: str) -> None:
    """It hardly differs between runs, busy or not."""
    assert verdicts("memory_mb", run(memory_mb=memory_mb, waiting=0.5)) == verdict


@pytest.mark.parametrize(
    ("size", "verdict", "reason"),
    [
        (999, "passed", None),
        (1000, "passed", None),
        (1001, "failed", "1 byte more"),
        (3000, "failed", "2,000 bytes more"),
    ],
)
def test_sizes_are_exact(size: int, verdict: str, reason: str | None) -> None:
    """A file has no noise."""
    (check,) = judge_size(BASELINE, [run(size=size)])

    assert (check.verdict, reason_text(check.reason)) == (verdict, reason)
