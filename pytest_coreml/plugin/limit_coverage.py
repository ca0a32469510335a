"""Find limits that no test of a run is judged by: every model would meet them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_coreml.facts.compute_units import COMPUTE_UNITS

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pytest_coreml.facts.compute_units import ComputeUnits
    from pytest_coreml.session.declaration import Declaration, Limit


class LimitCoverage:
    """The limits of all tests of a run that are judged somewhere."""

    def __init__(self) -> None:
        # Most runs never ask, so what is noted is looked at when one does.
        self._noted: list[tuple[str, Declaration]] = []
        self._last: Declaration | None = None
        self._judged: set[int] = set()
        # By tests with `coreml_load`, which may load for any compute units.
        self._maybe: dict[int, set[str]] = {}

    def note(self, test_id: str, declaration: Declaration) -> None:
        """Note that a test of the run has this declaration."""
        if declaration is self._last and not declaration.loads_any:
            # The same test with other parameters, which adds nothing.
            return
        self._last = declaration
        self._noted.append((test_id, declaration))

    def judged_elsewhere(self, test_id: str, declaration: Declaration) -> bool:
        """Return True if a limit of a test in which none was judged is judged in another one.

        The other one may have other parameters, or inherit the same marker.
        """
        for noted in self._noted:
            self._find_judged(*noted)
        self._noted.clear()
        return any(
            limit.marker in self._judged or self._maybe.get(limit.marker, set()) - {test_id}
            for limit in declaration.limits
        )

    def _find_judged(self, test_id: str, declaration: Declaration) -> None:
        for limit in declaration.limits:
            if not declaration.reached.isdisjoint(limit.units):
                self._judged.add(limit.marker)
            if declaration.loads_any:
                self._maybe.setdefault(limit.marker, set()).add(test_id)


def why_none(limits: Iterable[Limit], ran_on: Iterable[ComputeUnits]) -> str:
    """Return the reason why *limits* have made no check of a test."""
    wanted = {units for limit in limits for units in limit.units}
    asked = ", ".join(units for units in COMPUTE_UNITS if units in wanted)
    ran = ", ".join(dict.fromkeys(ran_on))
    if not wanted:
        # Such as a speed-up of some compute units over themselves.
        return f"none of its limits apply to any compute units; it ran on {ran}"
    return f"none of its limits apply to {ran}; they apply to {asked} only"
