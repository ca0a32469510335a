"""The machines that measured in one run, each under a name that tells it from the others."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pytest_coreml.report.document.dataclass_codec import Json

# What changes on one machine while a run lasts.
_CONDITIONS: Final = ("thermal", "power_source", "low_power_mode")


class Machines:
    """Gathers what workers tell of their machines.

    *join* makes one of the facts from before and after. *apart*: each worker is taken for a machine of its own, also
    when it tells the same as another one: several Macs of one kind run every test. Otherwise workers that tell the same
    share a machine.
    """

    def __init__(self, join: Callable[[Json, Json], Json], apart: bool = False) -> None:
        self._join = join
        self._apart = apart
        self._names: dict[str | None, str] = {}
        self._facts: dict[str, Json] = {}

    def note(self, worker: str | None, facts: Json) -> str:
        """Note the machine of *worker* (None: there are no workers), and give its name."""
        if worker not in self._names:
            self._names[worker] = self._same(facts) or _name(worker, facts)
        name = self._names[worker]
        self._facts[name] = self._join(self._facts[name], facts) if name in self._facts else facts
        return name

    @property
    def first(self) -> Json | None:
        """The machine that was noted first, if any."""
        return next(iter(self._facts.values()), None)

    @property
    def several(self) -> dict[str, Json]:
        """The machines by name; none when there is only one, which needs no name."""
        return dict(self._facts) if len(self._facts) > 1 else {}

    def _same(self, facts: Json) -> str | None:
        if self._apart:
            return None
        lasting = _lasting(facts)
        return next((name for name, known in self._facts.items() if _lasting(known) == lasting), None)


def _lasting(facts: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in facts.items() if name not in _CONDITIONS}


def _name(worker: str | None, facts: Mapping[str, Any]) -> str:
    chip = facts["chip"] or "machine"
    return f"{chip} ({worker})" if worker else str(chip)
