"""The compute units on which a marker of limits makes a check."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_coreml.facts.compute_units import COMPUTE_UNITS
from pytest_coreml.facts.limits import AgreementRule, BoundaryRule, Budget
from pytest_coreml.facts.model_boundary import Boundary
from pytest_coreml.verdict.boundary_rules import judge_boundary
from pytest_coreml.verdict.budgets import MeasuredFacts, judge_budgets
from pytest_coreml.verdict.observed_rules import judge_observed
from pytest_coreml.verdict.placement_rules import judge_placement
from pytest_coreml.verdict.regression.moved import judge_moved

if TYPE_CHECKING:
    from pytest_coreml.facts.compute_units import ComputeUnits
    from pytest_coreml.facts.limits import Meaning


def checked_units(meaning: Meaning) -> frozenset[ComputeUnits]:
    """Return the compute units on which a marker of limits makes a check."""
    return frozenset(units for units in COMPUTE_UNITS if _makes_check(meaning, units))


def _makes_check(meaning: Meaning, units: ComputeUnits) -> bool:
    if isinstance(meaning, Budget):
        return bool(judge_budgets(meaning, MeasuredFacts(units, scenario=meaning.scenario)))
    if isinstance(meaning, BoundaryRule):
        return bool(judge_boundary(meaning, Boundary(), units))
    if isinstance(meaning, AgreementRule):
        return meaning.applies_to(units)
    if meaning.observed:
        return bool(judge_observed(meaning, None, None, units, None))
    return bool(judge_placement(meaning, None, units, None) or judge_moved(None, (), meaning.max_moved))
