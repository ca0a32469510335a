"""The verdict on two models that were run interleaved comes from the ratios of pairs."""

from __future__ import annotations

import random

import pytest

from pytest_coreml.facts.measurement import Pairs
from pytest_coreml.verdict.regression.paired import (
    judge_duet,
    judge_pairs,
    lower_bound,
    upper_bound,
    wants_another_duet,
)


def pairs(factor: float, count: int = 100, noise: float = 0.02, seed: int = 1) -> Pairs:
    """Return pairs on a machine that slows both alike, at times by a lot."""
    rng = random.Random(seed)
    slow = [rng.choice((1.0, 1.0, 3.0)) for _ in range(count)]
    return Pairs(
        tuple(10 * factor * s * (1 + rng.random() * noise) for s in slow),
        tuple(10 * s * (1 + rng.random() * noise) for s in slow),
    )


def test_the_bound_is_the_order_statistic_of_the_binomial_distribution() -> None:
    """Of 100 values it is the 38th, by scipy's distribution."""
    stats = pytest.importorskip("scipy.stats")
    values = [float(value) for value in range(1, 101)]
    expected = max(rank for rank in range(1, 101) if stats.binom.cdf(rank - 1, 100, 0.5) <= 0.01)

    assert lower_bound(values) == expected == 38
    assert upper_bound(values) == 101 - expected


@pytest.mark.parametrize(("factor", "state"), [(0.9, "fine"), (1.0, "fine"), (1.04, "slower"), (2.0, "slower")])
def test_a_busy_machine_does_not_blur_the_ratio(factor: float, state: str) -> None:
    """A slowdown of both members of a pair is not a slowdown of the model."""
    assert judge_pairs(pairs(factor)).state == state


def test_pairs_that_differ_too_much_do_not_decide() -> None:
    """A median beyond the tolerance that luck may explain is unsure."""
    assert judge_pairs(pairs(1.12, 20, noise=1.5, seed=6)).state == "unsure"


@pytest.mark.parametrize(
    ("slow", "ratio", "tolerance", "state"),
    [
        # Of twenty pairs, the sixteenth is the upper bound.
        (4, 1.5, 0.02, "fine"),
        (5, 1.5, 0.02, "unsure"),
        (5, 1.11, 0.02, "unsure"),
        (5, 1.10, 0.02, "fine"),
        (5, 1.16, 0.15, "fine"),
        (5, 1.18, 0.15, "unsure"),
    ],
)
def test_pairs_that_leave_a_tenth_open_are_not_fine(slow: int, ratio: float, tolerance: float, state: str) -> None:
    """A median of 1 says nothing when the pairs differ so much that a slowdown of 10 % would look the same."""
    found = judge_pairs(Pairs((10.0,) * (20 - slow) + (10.0 * ratio,) * slow, (10.0,) * 20), tolerance)

    assert found.state == state
    assert found.cause == ("too noisy" if state == "unsure" else None)


def test_a_much_faster_model_is_fine_however_much_the_pairs_differ() -> None:
    """Only the amount by which it is faster is open."""
    assert judge_pairs(pairs(0.3, noise=1.5)).state == "fine"


def test_noise_throughout_is_inconclusive_after_three_processes() -> None:
    """A lucky median does not pass."""
    noisy = Pairs((10.0,) * 12 + (80.0,) * 8, (10.0,) * 20)

    assert wants_another_duet([noisy, noisy])
    assert judge_duet([noisy] * 3, "Old.mlpackage").verdict == "inconclusive"


@pytest.mark.parametrize(("tolerance", "verdict"), [(0.05, "failed"), (0.15, "passed")])
def test_a_slowdown_within_the_tolerance_is_fine(tolerance: float, verdict: str) -> None:
    """Ten percent, however sure, are accepted where fifteen are."""
    regression = judge_duet([pairs(1.1), pairs(1.1, seed=2)], "Old.mlpackage", tolerance)

    assert regression.verdict == verdict
    assert regression.sensitivity is not None
    assert regression.sensitivity >= tolerance


def test_nineteen_pairs_are_too_few() -> None:
    """There is nothing to decide with."""
    assert judge_pairs(pairs(2.0, 19)).cause == "too few pairs"


@pytest.mark.parametrize(
    ("factors", "verdict", "another"),
    [
        ((1.0,), "passed", False),
        ((1.2,), "inconclusive", True),
        ((1.2, 1.2), "failed", False),
        ((1.2, 1.0), "passed", False),
    ],
)
def test_a_second_process_confirms(factors: tuple[float, ...], verdict: str, another: bool) -> None:
    """One process can have bad luck."""
    runs = [pairs(factor) for factor in factors]

    assert judge_duet(runs, "Old.mlpackage").verdict == verdict
    assert wants_another_duet(runs) is another
