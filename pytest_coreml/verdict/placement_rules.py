"""Whether a planned placement keeps the rules of a `coreml_placement` marker.

A plan may say nothing of an operation, put it on a device that we do not know, or give no cost for it. Such an
operation could be anywhere and cost anything: a rule has passed when it holds wherever they are, has failed when no
place for them could save it, and is inconclusive in between.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

from pytest_coreml.facts.compute_units import ALLOWED_DEVICES
from pytest_coreml.verdict.check import Check, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from pytest_coreml.facts.compute_units import ComputeUnits, Device
    from pytest_coreml.facts.limits import PlacementRule
    from pytest_coreml.facts.placement import Operation, Placement, ShareBy

# Costs of a plan sum to 1 with an error of about 2e-15.
_ROUNDING = 1e-9
# So many operations that the plan leaves open are named; the rest is counted.
_NAMED = 5


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
_Finding = tuple["float | None", Verdict, "str | None"]
_Judge = Callable[[_Site, float], _Finding]


def judge_placement(
    rule: PlacementRule,
    placement: Placement | None,
    compute_units: ComputeUnits,
    devices: tuple[Device, ...] | None,
    not_judged: str | None = None,
) -> list[Check]:
    """Give one check for each limit that *rule* sets, none when it is for other compute units.

    *devices*: what the machine has, None when that is not known. *not_judged*: the reason why no placement can be
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


def _why_unknown(placement: Placement | None, counted: Placement | None) -> str | None:
    if placement is None:
        return "unknown placement: no compute plan was read"
    if placement.unknown:
        return f"unknown placement: {placement.why_unknown}"
    if counted is not None and counted.unknown:
        return "unknown placement: every operation with a planned device is one that 'allow' leaves out"
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
        return len(found), "failed", f"planned on {device}: {tally(found)}"
    if not site.permits(device):
        return 0, "passed", f"holds by configuration: {site.units} does not permit {device}"
    if site.lacks(device):
        return None, "not_judged", _no_device(device)
    return 0, ("inconclusive" if site.counted.undetermined else "passed"), None


def _min_share(device: Device, by: ShareBy | None, site: _Site, limit: float) -> _Finding:
    counted = site.counted
    if site.lacks(device):
        return None, "not_judged", _no_device(device)
    costless = len(counted.without_cost) == len(counted.placed)
    why = counted.cost_reason or "the plan has no cost"
    if costless and by == "cost":
        return None, "not_judged", f"{why}; by='ops' judges the number of operations"
    how: ShareBy = by or ("ops" if costless else "cost")
    least, share, most = _shares_by_cost(counted, device) if how == "cost" else _shares_by_ops(counted, device)
    verdict = _between(least >= limit - _ROUNDING, most >= limit - _ROUNDING)
    fallback = f"by number of operations, since {why}" if how != by and how == "ops" else None
    if verdict == "passed":
        return share, verdict, fallback
    forbidden = None if site.permits(device) else f"{site.units} does not permit {device}"
    elsewhere = [op for op in counted.placed if op.preferred != device]
    return share, verdict, _sentence(fallback, forbidden, elsewhere and f"planned elsewhere: {tally(elsewhere)}")


def _shares_by_ops(counted: Placement, device: Device) -> tuple[float, float, float]:
    """Give the least share that the device can have, the one among the placed operations, and the most."""
    on, placed, open_ = len(counted.on(device)), len(counted.placed), len(counted.undetermined)
    return on / (placed + open_), on / placed, (on + open_) / (placed + open_)


def _shares_by_cost(counted: Placement, device: Device) -> tuple[float, float, float]:
    """Give the same by cost. What the costs of a plan lack to 1 may belong to the operations without one."""
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
    cost_matters = name.startswith("min_share") and len(counted.without_cost) < len(counted.placed)
    left_open = [*_left_open(counted), *(_without_cost(counted) if cost_matters else ())]
    cure = "leave them out with allow=, if they do not matter" if verdict == "inconclusive" else None
    return Check(name, limit, value, verdict, _sentence(reason, *left_open, cure))


def _left_open(counted: Placement) -> Iterator[str]:
    """Name the operations that may be anywhere: whatever the verdict, they are not hidden."""
    silent = [op for op in counted.undetermined if op.unknown_device is None]
    if silent:
        yield f"the plan names no device for {_names(silent)}"
    for device in sorted({op.unknown_device for op in counted.undetermined if op.unknown_device}):
        ops = [op for op in counted.undetermined if op.unknown_device == device]
        yield f"the plan names {device}, which this version does not know, for {_names(ops)}"


def _without_cost(counted: Placement) -> Iterator[str]:
    if counted.without_cost:
        yield f"the plan gives no cost for {_names(counted.without_cost)}"


def _names(ops: Sequence[Operation]) -> str:
    names = ", ".join(f"{op.name} ({op.operator})" for op in ops[:_NAMED])
    return f"{names} and {len(ops) - _NAMED} more" if len(ops) > _NAMED else names


def _no_device(device: Device) -> str:
    return f"this machine has no {device}, so nothing could be planned on it"


def _sentence(*parts: object) -> str | None:
    return "; ".join(str(part) for part in parts if part) or None


def tally(ops: Iterable[Operation]) -> str:
    """Say how often each operator occurs, the most frequent first, as `3 x gather, 1 x cast`."""
    return ", ".join(f"{count} x {operator}" for operator, count in Counter(op.operator for op in ops).most_common())
