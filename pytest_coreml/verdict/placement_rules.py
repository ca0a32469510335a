"""The verdicts on the rules of `coreml_placement` markers about planned placements.

A plan may say nothing of an operation, put it on a device that we do not know, or give no cost for it. Such an
operation could be anywhere and cost anything: a rule has passed when it holds wherever they are, has failed when no
place for them could save it, and is inconclusive in between.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

from pytest_coreml.facts.compute_units import ALLOWED_DEVICES
from pytest_coreml.facts.metrics import parse_check
from pytest_coreml.facts.reason import Cause, DeviceOfUnits, PlannedOperations, Reason
from pytest_coreml.verdict.check import Check, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_coreml.facts.compute_units import ComputeUnits, Device
    from pytest_coreml.facts.limits import PlacementRule
    from pytest_coreml.facts.placement import Placement, ShareBy

# Costs of a plan sum to 1 with an error of about 2e-15.
_ROUNDING = 1e-9


@dataclass(frozen=True)
class _Site:
    """The operations that count, and what the setting and the machine permit."""

    counted: Placement
    units: ComputeUnits
    devices: tuple[Device, ...] | None

    def permits(self, device: Device) -> bool:
        return device in ALLOWED_DEVICES[self.units]

    def lacks(self, device: Device) -> bool:
        return self.permits(device) and self.devices is not None and device not in self.devices


# What a rule finds: the value, the verdict, and the reason.
_Finding = tuple["float | None", Verdict, "Reason | None"]
_Judge = Callable[[_Site, float], _Finding]


def judge_placement(
    rule: PlacementRule,
    placement: Placement | None,
    compute_units: ComputeUnits,
    devices: tuple[Device, ...] | None,
    not_judged: Reason | str | None = None,
) -> list[Check]:
    """Return one check for each limit that *rule* sets, none if it is for other compute units.

    *devices*: those of the machine, None if unknown. *not_judged*: the reason why no placement can be
    judged here at all. A plan that says nothing passes no rule.
    """
    if rule.compute_units is not None and compute_units not in rule.compute_units:
        return []
    counted = _counted(rule, placement) if placement else None
    reason = not_judged or _why_unknown(placement, counted)
    if counted is None or reason is not None:
        return [Check(name, limit, None, "not_judged", reason) for name, limit, _ in _rules(rule)]
    site = _Site(counted, compute_units, devices)
    return [_check(name, limit, judge(site, limit), counted) for name, limit, judge in _rules(rule)]


def _counted(rule: PlacementRule, placement: Placement) -> Placement:
    return replace(placement, ops=tuple(op for op in placement.ops if op.operator not in rule.allow))


def _why_unknown(placement: Placement | None, counted: Placement | None) -> Reason | None:
    if placement is None:
        return Reason(Cause.NO_PLAN_READ)
    if placement.unknown:
        return Reason(Cause.UNKNOWN_PLACEMENT, placement.why_unknown)
    if counted is not None and counted.unknown:
        return Reason(Cause.ALL_LEFT_OUT)
    return None


def _rules(rule: PlacementRule) -> Iterator[tuple[str, float, _Judge]]:
    for device in rule.forbid:
        yield f"forbid[{device}]", 0, partial(_forbid, device)
    for device, share in rule.min_share.items():
        yield f"min_share[{device}]", share, partial(_min_share, device, rule.by)
    if rule.max_transitions is not None:
        yield "max_transitions", rule.max_transitions, _max_transitions


def _forbid(device: Device, site: _Site, _: float) -> _Finding:
    found = site.counted.on(device)
    if found:
        return len(found), "failed", Reason(Cause.PLANNED_ON, PlannedOperations(tuple(found), device))
    if not site.permits(device):
        return 0, "passed", Reason(Cause.HOLDS_BY_CONFIGURATION, DeviceOfUnits(site.units, device))
    if site.lacks(device):
        return None, "not_judged", Reason(Cause.NO_DEVICE, device)
    return 0, ("inconclusive" if site.counted.undetermined else "passed"), None


def _min_share(device: Device, by: ShareBy | None, site: _Site, limit: float) -> _Finding:
    counted = site.counted
    if site.lacks(device):
        return None, "not_judged", Reason(Cause.NO_DEVICE, device)
    costless = len(counted.without_cost) == len(counted.placed)
    why = counted.cost_reason or "the plan has no cost"
    if costless and by == "cost":
        return None, "not_judged", Reason(Cause.NO_COST, why)
    how: ShareBy = by or ("ops" if costless else "cost")
    least, share, most = _shares_by_cost(counted, device) if how == "cost" else _shares_by_ops(counted, device)
    verdict = _between(least >= limit - _ROUNDING, most >= limit - _ROUNDING)
    fallback = Reason(Cause.COUNTED_BY_OPERATIONS, why) if how != by and how == "ops" else None
    if verdict == "passed":
        return share, verdict, fallback
    forbidden = None if site.permits(device) else Reason(Cause.UNITS_FORBID_DEVICE, DeviceOfUnits(site.units, device))
    ops = tuple(op for op in counted.placed if op.preferred != device)
    elsewhere = Reason(Cause.PLANNED_ELSEWHERE, PlannedOperations(ops)) if ops else None
    return share, verdict, _joined(fallback, forbidden, elsewhere)


def _shares_by_ops(counted: Placement, device: Device) -> tuple[float, float, float]:
    """Return the least share that the device can have, the one among the placed operations, and the most."""
    on, placed, open_ = len(counted.on(device)), len(counted.placed), len(counted.undetermined)
    return on / (placed + open_), on / placed, (on + open_) / (placed + open_)


def _shares_by_cost(counted: Placement, device: Device) -> tuple[float, float, float]:
    """Return the same by cost. What the costs of a plan lack to 1 may belong to the operations without one."""
    on = sum(op.cost or 0.0 for op in counted.on(device))
    total = sum(op.cost or 0.0 for op in counted.placed)
    share = on / total if total > 0 else 0.0
    open_elsewhere = counted.undetermined or any(op.preferred != device for op in counted.without_cost)
    open_here = counted.undetermined or any(op.preferred == device for op in counted.without_cost)
    rest = max(0.0, 1.0 - total)
    most = (on + rest) / (total + rest) if open_here and total + rest > 0 else share
    return (0.0 if open_elsewhere else share), share, most


def _max_transitions(site: _Site, limit: float) -> _Finding:
    least = site.counted.transitions
    # An operation between two others adds two changes at most.
    most = least + 2 * len(site.counted.undetermined)
    return least, _between(most <= limit, least <= limit), None


def _between(surely: bool, perhaps: bool) -> Verdict:
    if surely:
        return "passed"
    return "inconclusive" if perhaps else "failed"


def _check(name: str, limit: float, finding: _Finding, counted: Placement) -> Check:
    value, verdict, reason = finding
    cost_matters = parse_check(name).metric.unit == "%" and len(counted.without_cost) < len(counted.placed)
    left_open = [*_left_open(counted), *(_without_cost(counted) if cost_matters else ())]
    remedy = Reason(Cause.OPEN_OPERATIONS_MATTER) if verdict == "inconclusive" else None
    return Check(name, limit, value, verdict, _joined(reason, *left_open, remedy))


def _left_open(counted: Placement) -> Iterator[Reason]:
    """Yield a reason for the operations that may be anywhere: the text contains them, whatever the verdict."""
    silent = tuple(op for op in counted.undetermined if op.unknown_device is None)
    if silent:
        yield Reason(Cause.DEVICE_OPEN, PlannedOperations(silent))
    for device in sorted({op.unknown_device for op in counted.undetermined if op.unknown_device}):
        ops = tuple(op for op in counted.undetermined if op.unknown_device == device)
        yield Reason(Cause.DEVICE_UNKNOWN, PlannedOperations(ops, device))


def _without_cost(counted: Placement) -> Iterator[Reason]:
    if counted.without_cost:
        yield Reason(Cause.COST_OPEN, PlannedOperations(tuple(counted.without_cost)))


def _joined(*parts: Reason | None) -> Reason | None:
    known = [part for part in parts if part is not None]
    return replace(known[0], more=(*known[0].more, *known[1:])) if known else None
