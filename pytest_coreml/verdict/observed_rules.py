"""The verdicts on observed devices: a pure function of what counters said.

A counter that moved is an observation. One that did not is evidence only if it was seen to move in the same run on the
same machine; otherwise nothing is known, since which counters move depends on the chip and the system.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from pytest_coreml.facts.compute_units import ALLOWED_DEVICES, OBSERVABLE_DEVICES
from pytest_coreml.facts.observed import DeviceObserved, Observation, Observed, beside, unobserved
from pytest_coreml.facts.reason import Cause, DeviceOfUnits, DeviceShare, Reason
from pytest_coreml.verdict.check import Check

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pytest_coreml.facts.compute_units import ComputeUnits, Device
    from pytest_coreml.facts.limits import PlacementRule
    from pytest_coreml.facts.observed import Counter
    from pytest_coreml.facts.placement import Placement
    from pytest_coreml.verdict.check import Verdict

    # The value, the verdict and the reason.
    _Finding = tuple[float | None, Verdict, Reason | str | None]

OBSERVED: Final = "observed"
# The reasons for an unavailable result for which there are measured data.
_UNDECIDED: Final = (Cause.COUNTERS_UNCLEAR, Cause.COUNTERS_CONTRADICT)


def judge_counters(own: Observation, control: Observation | None, moved: frozenset[str]) -> Observed:
    """Return the result for each device by the counters of *own*.

    *control*: the same on `cpuOnly`, None if there is none. *moved*: the names of counters that moved in this run.
    """
    counters = tuple(beside(counter, control, moved) for counter in own.counters)
    devices = tuple(_judge_device(device, counters, own.notes) for device in OBSERVABLE_DEVICES)
    return Observed(counters, own.seconds, own.calls, own.notes, devices)


def judge_observed(
    rule: PlacementRule,
    observed: Observed | None,
    placement: Placement | None,
    units: ComputeUnits,
    devices: tuple[Device, ...] | None,
) -> list[Check]:
    """Return one check for each device that *rule* expects to be used or not, none if it is for other compute units.

    *placement*: the plan, for the text. *devices*: those of the machine, None if unknown.
    """
    if rule.compute_units is not None and units not in rule.compute_units:
        return []
    found = observed or unobserved(Cause.NOTHING_OBSERVED)
    return [
        _check(_Case(device, expected, found.result(device), placement, units, devices))
        for device, expected in rule.observed.items()
    ]


def devices_to_observe(rules: Iterable[PlacementRule], units: ComputeUnits) -> tuple[Device, ...]:
    """Return the devices that *rules* need counters of on *units*: not one that the compute units do not permit."""
    asked = [device for rule in rules if _is_for(rule, units) for device in rule.observed]
    return tuple(dict.fromkeys(device for device in asked if device in ALLOWED_DEVICES[units]))


def _is_for(rule: PlacementRule, units: ComputeUnits) -> bool:
    return rule.compute_units is None or units in rule.compute_units


def _judge_device(device: Device, every: tuple[Counter, ...], notes: tuple[str, ...]) -> DeviceObserved:
    # A connection to a driver does not use it.
    counters = [each for each in every if each.device == device and each.evidence != "connection"]
    read = [counter for counter in counters if counter.section is not None]
    if not read:
        return DeviceObserved(device, "unavailable", reason=Reason(Cause.COUNTERS_UNREADABLE, notes))
    moved = [counter for counter in read if counter.moved]
    # A counter that stood still, and is known to work here.
    still = [counter for counter in read if counter.is_still and counter.moved_in_run]
    active = [counter for counter in moved if counter.evidence == "activity"]
    if active or (moved and not any(counter.evidence == "activity" for counter in still)):
        by_us = any(counter.scope == "process" for counter in moved)
        return DeviceObserved(device, "observed", "process" if by_us else "system")
    if moved:
        return DeviceObserved(device, "unavailable", reason=Reason(Cause.COUNTERS_CONTRADICT, _names([*moved, *still])))
    unclear = [counter for counter in read if not counter.is_still]
    if unclear:
        return DeviceObserved(device, "unavailable", reason=Reason(Cause.COUNTERS_UNCLEAR, _names(unclear)))
    if still:
        return DeviceObserved(device, "not_observed")
    return DeviceObserved(device, "unavailable", reason=Reason(Cause.NEVER_MOVED, _names(read)))


def _names(counters: Iterable[Counter]) -> tuple[str, ...]:
    return tuple(counter.name for counter in counters)


class _Case(NamedTuple):
    """A device, what a rule expects of it, and what is known."""

    device: Device
    expected: bool
    found: DeviceObserved
    placement: Placement | None
    units: ComputeUnits
    devices: tuple[Device, ...] | None


def _check(case: _Case) -> Check:
    value, verdict, reason = _without_counters(case) or _by_counters(case)
    return Check(f"{OBSERVED}[{case.device}]", float(case.expected), value, verdict, reason)


def _without_counters(case: _Case) -> _Finding | None:
    """Return the verdict where no counters are needed; None where they decide."""
    device, units = case.device, case.units
    if case.found.cause is Cause.NO_CORE_ML:
        return None, "not_judged", case.found.reason
    if device not in ALLOWED_DEVICES[units]:
        cause = Cause.UNITS_FORBID_DEVICE if case.expected else Cause.HOLDS_BY_CONFIGURATION
        return 0.0, "failed" if case.expected else "passed", Reason(cause, DeviceOfUnits(units, device))
    if case.devices is not None and device not in case.devices:
        return None, "not_judged", Reason(Cause.NO_DEVICE, device)
    return None


def _by_counters(case: _Case) -> _Finding:
    found = case.found
    if found.status == "unavailable":
        return None, "inconclusive" if found.cause in _UNDECIDED else "not_judged", found.reason
    active = found.status == "observed"
    if active and found.scope == "system":
        # Of another process, perhaps.
        return 1.0, "passed" if case.expected else "inconclusive", Reason(Cause.BY_ANY_PROCESS)
    if active == case.expected:
        return float(active), "passed", None
    return float(active), "failed", _planned(case, Cause.OBSERVED_ACTIVE if active else Cause.OBSERVED_INACTIVE)


def _planned(case: _Case, cause: Cause) -> Reason:
    plan, share = case.placement, None
    if plan is not None and not plan.unknown:
        share = plan.share(case.device, "cost" if plan.has_cost else "ops")
    return Reason(cause, DeviceShare(case.device, share))
