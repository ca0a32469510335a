"""A run knows whether a limit is judged anywhere in it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pytest_coreml.facts.limits import Budget
from pytest_coreml.plugin.limit_coverage import LimitCoverage, why_none
from pytest_coreml.session.declaration import Declaration, Limit

CPU = Budget(size_mb=1, compute_units=("cpuOnly",))
TWO = Budget(size_mb=1, compute_units=("all", "cpuOnly"))


def declared(*limits: Limit, **where: Any) -> Declaration:
    """Return the declaration of a test that has only *limits*."""
    return Declaration((Path("M.mlmodel"),), None, None, ("all",), (), (), names_model=True, limits=limits, **where)


def test_a_mark_is_judged_where_any_test_with_it_runs() -> None:
    """Marks that say the same are not the same."""
    shared, own = Limit(1, CPU), Limit(2, CPU)
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
    loads = declared(Limit(1, CPU), loads_any=True)
    coverage = LimitCoverage()
    coverage.note("one", loads)

    assert not coverage.judged_elsewhere("one", loads)
    assert coverage.judged_elsewhere("other", loads)


def test_the_reason_names_both_sides_once() -> None:
    """In the order of all compute units, and as the test ran."""
    limits = [Limit(1, CPU), Limit(2, TWO)]

    assert why_none(limits, ["cpuAndGPU", "cpuAndGPU"]) == (
        "none of its limits apply to cpuAndGPU; they apply to all, cpuOnly only"
    )
