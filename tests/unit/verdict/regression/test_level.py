"""One current run against a baseline, step by step."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from pytest_coreml.facts.measurement import Measurement
from pytest_coreml.verdict.regression.level import judge_run, make_baseline


def warming(run: Measurement) -> Measurement:
    """Return *run* as measured while the machine became warmer."""
    return replace(run, thermal=("nominal", "heavy"))


def run_at(ms: float, calls: int = 100, *, disturbed: int = 0, tail: int = 0, factor: float = 2.0) -> Measurement:
    """Return *calls* times near *ms*: *disturbed* of them waited and are triple, *tail* of the rest take *factor*."""
    quiet = [ms * (1 + 0.001 * (i % 10)) for i in range(calls)]
    times = [t * 3 if i < disturbed else t * factor if i < disturbed + tail else t for i, t in enumerate(quiet)]
    wait = [times[i] / 2 if i < disturbed else 0.0 for i in range(calls)]
    return Measurement(tuple(times), tuple(times), tuple(wait), warmup=0)


BASELINE = make_baseline([run_at(10.0), run_at(10.05), run_at(9.95)])


@pytest.mark.parametrize(
    ("ms", "state"),
    [(9.0, "fine"), (10.0, "fine"), (10.45, "fine"), (10.6, "slower"), (11.0, "slower"), (20.0, "slower")],
)
def test_level(ms: float, state: str) -> None:
    """A run beyond the tolerance is slower when luck cannot explain it."""
    assert judge_run(BASELINE, run_at(ms)).state == state


def test_figures_by_hand() -> None:
    """Ratio and margin are the ones of the definition, worked out from its formulas."""
    stats = pytest.importorskip("scipy.stats")
    numpy = pytest.importorskip("numpy")
    current = run_at(11.0)
    levels = [math.log(numpy.quantile(run_at(ms).native_ms, 0.1)) for ms in (10.0, 10.05, 9.95)]
    h = math.sqrt(0.09 / 100)
    e = math.log(numpy.quantile(current.native_ms, 0.1 + h) / numpy.quantile(current.native_ms, 0.1 - h)) / 2
    variance = (6 * 0.01**2 + numpy.var(levels) * 3) / 8
    verdict = judge_run(BASELINE, current)

    assert verdict.ratio == pytest.approx(math.log(numpy.quantile(current.native_ms, 0.1)) - numpy.median(levels))
    assert verdict.margin == pytest.approx(stats.t.ppf(0.99, 8) * math.sqrt(variance * (1 + 1 / 3) + e**2))


@pytest.mark.parametrize(("tolerance", "state"), [(0.05, "slower"), (0.15, "fine")])
def test_tolerance(tolerance: float, state: str) -> None:
    """A slowdown within the tolerance is fine."""
    assert judge_run(BASELINE, run_at(11.0), tolerance).state == state


@pytest.mark.parametrize(("tail", "state"), [(0, "fine"), (5, "fine"), (6, "unsure"), (10, "slower in the tail")])
def test_tail(tail: int, state: str) -> None:
    """Slow calls beyond the usual share are a separate slowdown."""
    assert judge_run(BASELINE, run_at(10.0, tail=tail)).state == state


def test_disturbed_calls_are_left_out() -> None:
    """Calls that waited for a CPU do not confirm a regression."""
    assert judge_run(BASELINE, run_at(10.0, disturbed=85)).state == "fine"


def test_slow_and_disturbed_is_still_slow() -> None:
    """The undisturbed calls confirm a regression, even if they are few."""
    assert judge_run(BASELINE, run_at(11.0, disturbed=60)).state == "slower"


@pytest.mark.parametrize(
    ("baseline", "current", "cause"),
    [
        (BASELINE, run_at(10.0, disturbed=91), "current run disturbed"),
        (BASELINE, run_at(10.0, calls=29), "too few calls"),
        (make_baseline([run_at(10.0, disturbed=91)]), run_at(10.0), "baseline disturbed"),
        (make_baseline([]), run_at(10.0), "baseline disturbed"),
        (BASELINE, run_at(0.0), "times are not positive"),
        (BASELINE, warming(run_at(10.0)), "thermal state changed"),
        (make_baseline([warming(run_at(10.0))]), run_at(10.0), "baseline disturbed"),
    ],
)
def test_nothing_to_judge_with(baseline: object, current: Measurement, cause: str) -> None:
    """A run without usable data is void, and the cause says why."""
    verdict = judge_run(baseline, current)

    assert (verdict.state, verdict.cause) == ("void", cause)


def test_ten_undisturbed_calls_are_enough() -> None:
    """The fewest undisturbed calls that count are ten of a hundred."""
    assert judge_run(BASELINE, run_at(10.0, disturbed=90)).state == "fine"


def test_runs_in_another_thermal_state_are_left_out_of_the_baseline() -> None:
    """A baseline run during which the machine became warmer moves neither level nor margin."""
    with_warm = make_baseline([run_at(10.0), run_at(10.05), run_at(9.95), warming(run_at(20.0))])

    assert with_warm.levels == BASELINE.levels


def test_uneven_baseline_is_unsure() -> None:
    """Baseline runs that differ among themselves widen the margin."""
    uneven = make_baseline([run_at(9.0), run_at(10.0), run_at(11.0)])

    assert judge_run(uneven, run_at(11.5)).state == "unsure"
    assert uneven.spread == pytest.approx(11 / 9 - 1)
