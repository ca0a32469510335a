"""The gate against its definition, written a second time with numpy and scipy, on random runs of many kinds."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from pytest_coreml.facts.measurement import Measurement
from pytest_coreml.verdict.regression.prediction_time import Regression, judge_regression

TOLERANCE = 0.05
Run = tuple[np.ndarray, np.ndarray]


def used(run: Run) -> np.ndarray | None:
    """Step 1: the undisturbed calls of a run that counts."""
    time, wait = run
    undisturbed = time[wait <= 0.05 * time]
    return undisturbed if len(undisturbed) >= max(10, 0.10 * len(time)) else None


def tail(calls: np.ndarray) -> int:
    return int((calls > 1.5 * np.median(calls)).sum())


def step(baseline: list[Run], current: Run) -> tuple[str, float | None, float | None]:
    """Steps 1 to 8 for one current run: its state, r and m."""
    calls, before = used(current), [calls for run in baseline if (calls := used(run)) is not None]
    if len(current[0]) < 30 or calls is None or not before:
        return "void", None, None
    k, n = len(before), len(calls)
    levels = np.array([np.log(np.quantile(run, 0.1)) for run in before])
    r = np.log(np.quantile(calls, 0.1)) - np.median(levels)
    variance = (6 * 0.01**2 + ((levels - levels.mean()) ** 2).sum()) / (6 + k - 1)
    h = np.sqrt(0.09 / n)
    e = np.log(np.quantile(calls, 0.1 + h) / np.quantile(calls, 0.1 - h)) / 2
    m = stats.t.ppf(0.99, 5 + k) * np.sqrt(variance * (1 + 1 / k) + e**2)
    if r > np.log(1 + TOLERANCE):
        return "slower" if r - m > np.log(1.02) else "unsure", r, m
    usual = np.median([(tail(run) + 0.5) / (len(run) + 1) for run in before])
    if tail(calls) / n <= usual + 0.05:
        return "fine", r, m
    sure = n >= 30 and stats.binom.sf(tail(calls) - 1, n, usual + 0.025) < 0.01
    return "slower" if sure else "unsure", r, m


def defined(baseline: list[Run], current: list[Run]) -> tuple[str, float | None, float | None]:
    """The verdict, with r and m of the run that decided."""
    states: list[str] = []
    for run in current[:3]:
        state, r, m = step(baseline, run)
        states.append(state)
        if state == "fine":
            return "passed", r, m
        if states.count("slower") == 2:
            return "failed", r, m
    alone = states == ["slower"] and np.median(used(current[0])) >= 1
    return "failed" if alone else "inconclusive", r, m


def random_case(rng: np.random.Generator) -> tuple[list[Run], list[Run]]:
    """Draw both sides: short and long runs, even and uneven ones, busy machines, tails, clocks that are coarse."""
    calls, scale = int(rng.choice([29, 30, 60, 100, 100, 300])), float(rng.choice([0.03, 0.99, 1.01, 5, 40]))
    noise, between = float(rng.choice([0.001, 0.01, 0.05])), float(rng.choice([0, 0.01, 0.03, 0.1]))
    coarse = bool(rng.random() < 0.3)

    def run(factor: float, slow: float, busy: float) -> Run:
        time = scale * factor * np.exp(rng.normal(0, between) + np.abs(rng.normal(0, noise, calls)))
        time *= np.where(rng.random(calls) < slow, rng.uniform(1.3, 2, calls), 1.0)
        wait = np.where(rng.random(calls) < busy, time * rng.uniform(0.01, 3, calls), 0.0)
        return (np.round(time + wait, 2) + 0.01 if coarse else time + wait), wait

    busy, slow = rng.choice([0, 0, 0.5, 0.95], 2), rng.choice([0, 0, 0.05, 0.1, 0.3], 2)
    factor = rng.choice([0.9, 1, 1.04, 1.06, 1.1, 1.2])
    baseline = [run(1.0, slow[0] / 3, busy[0]) for _ in range(rng.integers(1, 6))]
    return baseline, [run(factor, slow[1], busy[1]) for _ in range(rng.integers(1, 5))]


def ours(baseline: list[Run], current: list[Run]) -> Regression:
    def measurement(run: Run) -> Measurement:
        time, wait = (tuple(values.tolist()) for values in run)
        return Measurement(time, time, wait, warmup=0)

    return judge_regression([measurement(run) for run in baseline], [measurement(run) for run in current])


@pytest.mark.parametrize("seed", range(5))
def test_verdict_and_figures_are_those_of_the_definition(seed: int) -> None:
    """Every verdict, effect and margin agrees, and the draw has each verdict often enough to tell."""
    rng = np.random.default_rng(seed)
    seen = []
    for _ in range(100):
        baseline, current = random_case(rng)
        verdict, r, m = defined(baseline, current)
        got = ours(baseline, current)
        seen.append(verdict)

        assert got.verdict == verdict
        assert got.effect == (None if r is None else pytest.approx(np.expm1(r), abs=1e-9))
        assert got.margin == (None if m is None else pytest.approx(np.expm1(m), rel=1e-6))

    assert all(seen.count(verdict) >= 5 for verdict in ("passed", "failed", "inconclusive"))


def test_a_slowdown_of_the_tolerance_itself_is_accepted() -> None:
    """Exactly 5 % is not more than 5 %, whatever the last digit of a logarithm says."""
    for ms in (0.7, 1.0, 3.0, 10.0, 11.0, 40.0):
        run = (np.full(100, ms), np.zeros(100))
        slower = (run[0] * 1.05, run[1])

        assert ours([run] * 3, [slower] * 3).verdict == "passed"
