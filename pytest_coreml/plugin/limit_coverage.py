"""Find limits that no test of a run is judged by: every model would meet them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_coreml.facts.compute_units import COMPUTE_UNITS
from pytest_coreml.facts.limits import AgreementRule, BoundaryRule, Budget

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pytest_coreml.facts.compute_units import ComputeUnits
    from pytest_coreml.facts.limits import Meaning
    from pytest_coreml.session.declaration import Declaration, Limit


class LimitCoverage:
    """The limits of all tests of a run that are judged somewhere."""

    def __init__(self) -> None:
        self._judged: set[int] = set()
        self._last: Declaration | None = None
        # By tests with `coreml_load`, which may load for any compute units.
        self._maybe: dict[int, set[str]] = {}

    def note(self, test_id: str, declaration: Declaration) -> None:
        """Note that a test of the run has this declaration."""
        if declaration is self._last and not declaration.loads_any:
            # The same test with other parameters, which adds nothing.
            return
        self._last = declaration
        for limit in declaration.limits:
            if not declaration.reached.isdisjoint(limit.units):
                self._judged.add(limit.marker)
            if declaration.loads_any:
                self._maybe.setdefault(limit.marker, set()).add(test_id)

    def judged_elsewhere(self, test_id: str, declaration: Declaration) -> bool:
        """Return True if a limit of a test in which none was judged is judged in another one.

        The other one may have other parameters, or inherit the same marker.
        """
        return any(
            limit.marker in self._judged or self._maybe.get(limit.marker, set()) - {test_id}
            for limit in declaration.limits
        )


def why_none(limits: Iterable[Limit], ran_on: Iterable[ComputeUnits]) -> str:
    """Return the reason why *limits* have made no check of a test."""
    wanted = {units for limit in limits for units in limit.units}
    asked = ", ".join(units for units in COMPUTE_UNITS if units in wanted)
    ran = ", ".join(dict.fromkeys(ran_on))
    if not wanted:
        # Such as a speed-up of some compute units over themselves.
        return f"none of its limits apply to any compute units; it ran on {ran}"
    return f"none of its limits apply to {ran}; they apply to {asked} only"


def checked_units(meaning: Meaning) -> frozenset[ComputeUnits]:
    """Return the compute units on which a marker of limits makes a check."""
    return frozenset(units for units in COMPUTE_UNITS if _makes_check(meaning, units))


def _makes_check(meaning: Meaning, units: ComputeUnits) -> bool:
    from pytest_coreml.facts.model_boundary import Boundary
    from pytest_coreml.verdict.boundary_rules import judge_boundary
    from pytest_coreml.verdict.budgets import MeasuredFacts, judge_budgets
    from pytest_coreml.verdict.placement_rules import judge_placement
    from pytest_coreml.verdict.regression.moved import judge_moved

    if isinstance(meaning, Budget):
        return bool(judge_budgets(meaning, MeasuredFacts(units, scenario=meaning.scenario)))
    if isinstance(meaning, BoundaryRule):
        return bool(judge_boundary(meaning, Boundary(), units))
    if isinstance(meaning, AgreementRule):
        return meaning.applies_to(units)
    if meaning.observed:
        from pytest_coreml.verdict.observed_rules import judge_observed

        return bool(judge_observed(meaning, None, None, units, None))
    return bool(judge_placement(meaning, None, units, None) or judge_moved(None, (), meaning.max_moved))
