"""The verdict over one to three current runs."""

from __future__ import annotations

import math
import random
from dataclasses import replace

import pytest

from pytest_coreml.facts.measurement import Measurement
from pytest_coreml.verdict.regression.prediction_time import judge_regression


def run_at(ms: float, *, disturbed: bool = False, wait: bool = True) -> Measurement:
    times = tuple(ms * (1 + 0.001 * (i % 10)) for i in range(100))
    waits = tuple(t / 2 if disturbed else 0.0 for t in times) if wait else None
    return Measurement(times, times, waits, warmup=0)


def with_tail(ms: float, calls: int) -> Measurement:
    """Return a run in which *calls* take twice as long: with six of a hundred the verdict is inconclusive."""
    times = tuple(ms * (2 if i < calls else 1) for i in range(100))
    return Measurement(times, times, (0.0,) * 100, warmup=0)


RUNS = {
    "fine": run_at(10.0),
    "slower": run_at(12.0),
    "unsure": with_tail(10.0, 6),
    "disturbed": run_at(30.0, disturbed=True),
}
BASELINE = [run_at(10.0)] * 3


@pytest.mark.parametrize(
    ("runs", "verdict", "reason", "processes"),
    [
        ("fine", "passed", None, 1),
        ("fine slower slower", "passed", None, 1),
        ("slower fine", "passed", None, 2),
        ("slower slower", "failed", "slower", 2),
        ("slower slower fine", "failed", "slower", 2),
        ("unsure slower slower", "failed", "slower", 3),
        ("slower disturbed slower", "failed", "slower", 3),
        ("slower unsure", "inconclusive", "tail too noisy", 2),
        ("unsure", "inconclusive", "tail too noisy", 1),
        ("disturbed disturbed disturbed", "inconclusive", "current run disturbed", 3),
        ("unsure unsure unsure fine", "inconclusive", "tail too noisy", 3),
        ("slower", "failed", "slower", 1),
    ],
)
def test_confirmation(runs: str, verdict: str, reason: str | None, processes: int) -> None:
    """One fine run clears the model, two slower runs confirm a regression, anything else is inconclusive."""
    result = judge_regression(BASELINE, [RUNS[name] for name in runs.split()])

    assert (result.verdict, result.reason, result.processes) == (verdict, reason, processes)


@pytest.mark.parametrize(("share", "verdict"), [(0.26, "inconclusive"), (0.25, "failed"), (None, "failed")])
def test_a_slowdown_on_efficiency_cores_is_inconclusive(share: float | None, verdict: str) -> None:
    """The same model is slower there."""
    slower = replace(run_at(12.0), efficiency_share=share)

    result = judge_regression(BASELINE, [slower, slower])

    assert result.verdict == verdict
    assert result.cause == ("on efficiency cores" if verdict == "inconclusive" else "slower")


def test_one_run_of_short_calls_does_not_convict() -> None:
    """Under a millisecond one process proves nothing."""
    result = judge_regression([run_at(0.10)] * 3, [run_at(0.13)])

    assert (result.verdict, result.reason) == ("inconclusive", "needs a second process")


@pytest.mark.parametrize(("accept", "verdict"), [(False, "inconclusive"), (True, "failed")])
def test_without_a_reading_of_wait(accept: bool, verdict: str) -> None:
    """Where CPU contention is unknown, slower is inconclusive unless the user accepts it."""
    blind = [run_at(12.0, wait=False)] * 3
    result = judge_regression(BASELINE, blind, assume_idle=accept)

    assert result.verdict == verdict
    assert result.reason == ("slower" if accept else "machine state not measured")
    assert result.undisturbed is None


def test_figures() -> None:
    """The verdict carries what the words are made of."""
    result = judge_regression(BASELINE, [RUNS["slower"], RUNS["slower"]])

    assert result.effect == pytest.approx(0.2)
    assert 0.02 < result.least_effect < 0.2
    assert result.current_ms / result.baseline_ms == pytest.approx(1.2)
    assert (result.runs, result.baseline_runs, result.calls, result.undisturbed) == (3, 3, 100, 100)
    assert result.sensitivity == pytest.approx(1.02 * (1 + result.margin) - 1)


def test_disturbance_is_told() -> None:
    """An inconclusive run says how much of a call its threads waited."""
    assert judge_regression(BASELINE, [RUNS["disturbed"]]).disturbance == pytest.approx(0.5)


def test_absurd_times_give_a_verdict() -> None:
    """Times as no machine has them are judged without an error."""
    times = (1e-300,) * 10 + (1e300,) * 90
    absurd = Measurement(times, times, (0.0,) * 100, warmup=0)

    assert judge_regression(BASELINE, [absurd]).verdict == "inconclusive"


def simulated(rng: random.Random, factor: float = 1.0, every_tenth: float = 1.0, busy: float = 0.0) -> Measurement:
    """Return a run of 100 calls: 1 % between runs, 2 % between calls, and *busy* of the calls kept waiting."""
    level = 10 * factor * math.exp(rng.gauss(0, 0.01))
    own = [level * math.exp(abs(rng.gauss(0, 0.02))) * (every_tenth if i % 10 == 9 else 1.0) for i in range(100)]
    wait = [t * rng.uniform(0.2, 2) if rng.random() < busy else 0.0 for t in own]
    wall = tuple(t + w for t, w in zip(own, wait, strict=True))
    return Measurement(wall, wall, tuple(wait), warmup=0)


def share(verdict: str, trials: int = 300, busy_baseline: float = 0.0, **current: float) -> float:
    rng = random.Random(5)
    results = [
        judge_regression(
            [simulated(rng, busy=busy_baseline) for _ in range(3)], [simulated(rng, **current) for _ in range(3)]
        ).verdict
        for _ in range(trials)
    ]
    return results.count(verdict) / trials


@pytest.mark.parametrize(("busy_baseline", "busy"), [(0.0, 0.0), (0.0, 0.7), (0.7, 0.7), (0.7, 0.0)])
def test_false_alarms(busy_baseline: float, busy: float) -> None:
    """The same model fails in at most 1 % of comparisons, whatever the machine does."""
    assert share("failed", busy_baseline=busy_baseline, busy=busy) <= 0.01


def test_a_tenth_slower_is_found() -> None:
    """A model that takes a tenth longer fails in 95 % on a calm machine."""
    assert share("failed", factor=1.10) >= 0.95


def test_a_tenth_slower_is_never_called_fine() -> None:
    """On a busy machine it fails or cannot be told."""
    assert share("passed", factor=1.10, busy=0.95) <= 0.02


def test_every_tenth_call_twice_as_slow_is_found() -> None:
    """A tail that grew fails in 95 %."""
    assert share("failed", every_tenth=2.0) >= 0.95


def test_a_faster_model_never_fails() -> None:
    """Faster is fine."""
    assert share("failed", factor=0.9) == 0
