"""The two distributions that the regression gate asks for, from their textbook sums."""

from __future__ import annotations

import math
from functools import cache


def student_cdf(t: float, df: int) -> float:
    """Return P(T <= t) of Student's t with *df* degrees of freedom.

    The finite sums for whole degrees of freedom: Abramowitz and Stegun, Handbook of Mathematical Functions, 26.7.3
    (odd) and 26.7.4 (even).
    """
    theta = math.atan(t / math.sqrt(df))
    cosine, squared = math.cos(theta), math.cos(theta) ** 2
    term = 1.0 if df % 2 == 0 else cosine
    total = 0.0
    for step in range(df // 2):
        total += term
        above = 2 * step + (1 if df % 2 == 0 else 2)
        term *= squared * above / (above + 1)
    between = math.sin(theta) * total
    if df % 2:
        between = 2 / math.pi * (theta + between)
    return 0.5 * (1 + between)


@cache
def student_quantile(p: float, df: int) -> float:
    """Return the *p* quantile (0.5 < p < 1) of Student's t with *df* degrees of freedom."""
    low, high = 0.0, 1.0
    while student_cdf(high, df) < p:
        high *= 2
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if student_cdf(middle, df) < p else (low, middle)
    return (low + high) / 2


def binomial_tail(n: int, p: float, count: int) -> float:
    """Return P(X >= count) for X of the binomial distribution of *n* draws with chance *p*."""
    if count <= 0:
        return 1.0
    if not 0.0 < p < 1.0:
        return float(p >= 1.0)
    # By logarithms: the coefficients of some thousand draws are too large for a float.
    whole = math.lgamma(n + 1)
    log_p, log_q = math.log(p), math.log1p(-p)
    logs = (
        whole - math.lgamma(i + 1) - math.lgamma(n - i + 1) + i * log_p + (n - i) * log_q for i in range(count, n + 1)
    )
    return min(1.0, math.fsum(map(math.exp, logs)))
