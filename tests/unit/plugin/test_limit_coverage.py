"""The checks of a limit are known, and whether it is judged anywhere in a run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from pytest_coreml.facts.limits import Budget, PlacementRule
from pytest_coreml.plugin.limit_coverage import LimitCoverage, checked_units, why_none
from pytest_coreml.session.declaration import Declaration, Limit

ALL = frozenset({"all", "cpuAndGPU", "cpuOnly", "cpuAndNeuralEngine"})


def declared(*limits: Limit, **where: Any) -> Declaration:
    """Return the declaration of a test that has only *limits*."""
    return Declaration((Path("M.mlmodel"),), None, None, ("all",), (), (), names_model=True, limits=limits, **where)


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
    """Neither for other settings, nor over itself."""
    assert expected == checked_units(meaning)


def test_a_mark_is_judged_where_any_test_with_it_runs() -> None:
    """Marks that say the same are not the same."""
    shared, own = Limit(1, frozenset({"cpuOnly"})), Limit(2, frozenset({"cpuOnly"}))
    here, there = declared(shared, reached=frozenset({"all"})), declared(shared, reached=frozenset({"cpuOnly"}))
    alone = declared(own, reached=frozenset({"all"}))
    coverage = LimitCoverage()
    for name, one in (("here", here), ("alone", alone)):
        coverage.note(name, one)
    before = coverage.judged_elsewhere("here", here)
    coverage.note("there", there)

    assert not before
    assert coverage.judged_elsewhere("here", here)
    assert not coverage.judged_elsewhere("alone", alone)


def test_what_loads_for_any_may_be_another_test_only() -> None:
    """A model that the test has loaded itself is known."""
    loads = declared(Limit(1, frozenset({"cpuOnly"})), loads_any=True)
    coverage = LimitCoverage()
    coverage.note("one", loads)

    assert not coverage.judged_elsewhere("one", loads)
    assert coverage.judged_elsewhere("other", loads)


def test_the_reason_names_both_sides_once() -> None:
    """In the order of all compute units, and as the test ran."""
    limits = [Limit(1, frozenset({"cpuOnly"})), Limit(2, frozenset({"all", "cpuOnly"}))]

    assert why_none(limits, ["cpuAndGPU", "cpuAndGPU"]) == (
        "none of its limits apply to cpuAndGPU; they apply to all, cpuOnly only"
    )
