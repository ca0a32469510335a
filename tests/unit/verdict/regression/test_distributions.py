"""The distributions agree with scipy."""

from __future__ import annotations

import pytest

from pytest_coreml.verdict.regression.distributions import binomial_tail, student_quantile


@pytest.mark.parametrize("df", [1, 2, 5, 6, 7, 8, 15, 30, 104])
@pytest.mark.parametrize("p", [0.6, 0.95, 0.99, 0.999])
def test_student_quantile(df: int, p: float) -> None:
    """The t quantile is the one of scipy."""
    stats = pytest.importorskip("scipy.stats")

    assert student_quantile(p, df) == pytest.approx(stats.t.ppf(p, df), rel=1e-6)


@pytest.mark.parametrize(("n", "p", "count"), [(30, 0.03, 3), (100, 0.05, 0), (100, 0.05, 12), (5000, 0.4, 2100)])
def test_binomial_tail(n: int, p: float, count: int) -> None:
    """The tail of the binomial distribution is the one of scipy, also where coefficients exceed a float."""
    stats = pytest.importorskip("scipy.stats")

    assert binomial_tail(n, p, count) == pytest.approx(stats.binom.sf(count - 1, n, p), rel=1e-6)


@pytest.mark.parametrize(("p", "expected"), [(0.0, 0.0), (1.0, 1.0)])
def test_binomial_tail_of_certainty(p: float, expected: float) -> None:
    """A chance of none or of one needs no sum."""
    assert binomial_tail(10, p, 3) == expected
