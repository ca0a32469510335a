"""Which limits are judged somewhere in a run: what is judged nowhere is a promise that everybody keeps."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_coreml.facts.compute_units import COMPUTE_UNITS
from pytest_coreml.facts.limits import Budget

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pytest_coreml.facts.compute_units import ComputeUnits
    from pytest_coreml.facts.limits import PlacementRule
    from pytest_coreml.plugin.declarations import Declared


@dataclass(frozen=True)
class Limit:
    """A mark that limits something. *mark*: its identity, that tests which inherit it share. *units*: the settings
    under which it makes a check."""

    mark: int
    units: frozenset[ComputeUnits]


class Reach:
    """Where the limits of all tests of a run are judged."""

    def __init__(self) -> None:
        self._judged: set[int] = set()
        self._last: Declared | None = None
        # By tests with `coreml_load`, which may load for any settings.
        self._maybe: dict[int, set[str]] = {}

    def note(self, test_id: str, declared: Declared) -> None:
        """Note that a test of the run declares this."""
        if declared is self._last and not declared.loads_any:
            # Another instance of the same test, which adds nothing.
            return
        self._last = declared
        for limit in declared.limits:
            if not declared.reached.isdisjoint(limit.units):
                self._judged.add(limit.mark)
            if declared.loads_any:
                self._maybe.setdefault(limit.mark, set()).add(test_id)

    def judged_elsewhere(self, test_id: str, declared: Declared) -> bool:
        """Say whether a limit of a test in which none was judged is judged in another one: in another instance of it,
        or in a neighbour that inherits the same mark."""
        return any(
            limit.mark in self._judged or self._maybe.get(limit.mark, set()) - {test_id} for limit in declared.limits
        )


def why_none(limits: Iterable[Limit], ran_on: Iterable[ComputeUnits]) -> str:
    """Say why *limits* have made no check of a test."""
    wanted = {units for limit in limits for units in limit.units}
    asked = ", ".join(units for units in COMPUTE_UNITS if units in wanted)
    ran = ", ".join(dict.fromkeys(ran_on))
    if not wanted:
        # Such as a speed-up of some settings over themselves.
        return f"its markers ask for checks on no compute units at all, and it ran on {ran}"
    return f"its markers ask for checks on {asked}, and it ran on {ran}"


def checked_units(meaning: Budget | PlacementRule) -> frozenset[ComputeUnits]:
    """Give the settings under which a budget or a rule makes a check."""
    return frozenset(units for units in COMPUTE_UNITS if _makes_check(meaning, units))


def _makes_check(meaning: Budget | PlacementRule, units: ComputeUnits) -> bool:
    from pytest_coreml.verdict.budgets import MeasuredFacts, judge_budgets
    from pytest_coreml.verdict.placement_rules import judge_placement

    if isinstance(meaning, Budget):
        return bool(judge_budgets(meaning, MeasuredFacts(units)))
    return bool(judge_placement(meaning, None, units, None))
