"""The compute units on which a limit makes checks are known."""

from __future__ import annotations

import pytest

from pytest_coreml.facts.limits import Budget, PlacementRule
from pytest_coreml.verdict.checked_units import checked_units

ALL = frozenset({"all", "cpuAndGPU", "cpuOnly", "cpuAndNeuralEngine"})


@pytest.mark.parametrize(
    ("meaning", "expected"),
    [
        (Budget(size_mb=1), ALL),
        (Budget(size_mb=1, compute_units=("cpuOnly",)), {"cpuOnly"}),
        (Budget(min_speedup={"cpuOnly": 2.0}), ALL - {"cpuOnly"}),
        (Budget(min_speedup={"cpuOnly": 2.0}, compute_units=("cpuOnly",)), set()),
        (PlacementRule(forbid=("gpu",)), ALL),
        (PlacementRule(max_transitions=1, compute_units=("all", "cpuOnly")), {"all", "cpuOnly"}),
    ],
)
def test_a_limit_is_where_it_makes_checks(meaning: Budget | PlacementRule, expected: set[str]) -> None:
    """A limit makes no check on other compute units, and a speed-up none over itself."""
    assert expected == checked_units(meaning)
