"""The devices that were observed to work: what counters of the system said beside predictions.

A compute plan is an anticipation; a counter that moved is an observation. Terms: the glossary's *observed*.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final, Literal

from pytest_coreml.facts.compute_units import OBSERVABLE_DEVICES
from pytest_coreml.facts.reason import Cause, Reason, find_cause

if TYPE_CHECKING:
    from pytest_coreml.facts.compute_units import Device

# Of this process, or of all processes of the machine together.
Scope = Literal["process", "system"]
# `activity`: something was computed. `memory`: memory of the device is held. `connection`: its driver was opened.
Evidence = Literal["activity", "memory", "connection"]
Status = Literal["observed", "not_observed", "unavailable"]


@dataclass(frozen=True)
class Counter:
    """One counter during the predictions of one process.

    The values of *activity* are rates per second. Those of other evidence are the growth since before the load. None is
    an unknown value.
    """

    name: str
    """The name of the counter."""
    device: Device
    """The device that it is a counter of."""
    scope: Scope
    """The processes that move it: the measuring one, or all of the machine."""
    evidence: Evidence
    """The meaning of a movement: the device computed, its memory is held, or its driver was opened."""
    unit: str
    """The unit of the values."""
    floor: float
    """The smallest value that counts as movement."""
    idle: float | None = None
    """The value in an idle second before the load."""
    section: float | None = None
    """The value over the section of predictions."""
    control: float | None = None
    """The value over the same section on `cpuOnly`."""
    moved_in_run: bool = False
    """True if it moved in this run, during these predictions or those of another configuration."""

    @property
    def moved(self) -> bool:
        """True if the section is at least the floor, and at least ten times the idle second and the control.

        A counter of all processes needs both of these values.
        """
        if self.scope == "system" and None in (self.idle, self.control):
            return False
        rest = max(self.idle or 0.0, self.control or 0.0)
        return self.section is not None and self.section >= max(self.floor, _CLEAR * rest)

    @property
    def is_still(self) -> bool:
        """True if the value of the section is below the floor."""
        return self.section is not None and self.section < self.floor


# How many times the rest a counter has to be, to have moved.
_CLEAR: Final = 10.0


@dataclass(frozen=True)
class Observation:
    """The counters beside the predictions of one process: idle, load, warm-up, then a section."""

    counters: tuple[Counter, ...] = ()
    """The counters that could be read."""
    seconds: float | None = None
    """The duration of the section of predictions, in s."""
    calls: int | None = None
    """The number of predictions in the section."""
    notes: tuple[str, ...] = ()
    """The reasons why counters are missing."""


@dataclass(frozen=True)
class DeviceObserved:
    """The result for one device."""

    device: Device
    """The device."""
    status: Status
    """`observed`, `not_observed` for counters that moved in this run and not here, else `unavailable`."""
    scope: Scope | None = None
    """The processes that were observed; `system`: any of the machine. None unless the status is `observed`."""
    reason: Reason | str | None = None
    """The reason why it is unavailable; None otherwise."""

    @property
    def cause(self) -> Cause | None:
        """The cause code; None if it is not unavailable."""
        return find_cause(self.reason)


@dataclass(frozen=True)
class Observed(Observation):
    """The devices that worked for a configuration, and the counters that show it."""

    devices: tuple[DeviceObserved, ...] = field(default=())
    """A result for each device that has counters."""

    def result(self, device: Device) -> DeviceObserved:
        """Return the result for *device*; unavailable for one without counters."""
        unknown = DeviceObserved(device, "unavailable", reason=Reason(Cause.COUNTERS_UNREADABLE))
        return next((found for found in self.devices if found.device == device), unknown)

    def status(self, device: Device) -> Status:
        """Return `observed`, `not_observed` or `unavailable`."""
        return self.result(device).status


def unobserved(cause: Cause) -> Observed:
    """Return that nothing could be observed, for *cause*."""
    reason = Reason(cause)
    return Observed(devices=tuple(DeviceObserved(each, "unavailable", reason=reason) for each in OBSERVABLE_DEVICES))


def moved_names(counters: tuple[Counter, ...]) -> frozenset[str]:
    """Return the names of those that moved."""
    return frozenset(counter.name for counter in counters if counter.moved)


def beside(counter: Counter, control: Observation | None, moved: frozenset[str]) -> Counter:
    """Return *counter* with the value of *control*, and whether it is one of the *moved* ones of this run."""
    values = {other.name: other.section for other in control.counters} if control is not None else {}
    own = replace(counter, control=values.get(counter.name))
    return replace(own, moved_in_run=own.moved or counter.name in moved)
