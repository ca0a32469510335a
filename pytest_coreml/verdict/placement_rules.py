"""Whether a planned placement keeps the rules of a `coreml_placement` marker."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from pytest_coreml.compute_units import ALLOWED_DEVICES
from pytest_coreml.placement import Placement
from pytest_coreml.verdict.check import Check, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from pytest_coreml.compute_units import ComputeUnits, Device
    from pytest_coreml.markers import PlacementRule
    from pytest_coreml.placement import Operation, ShareBy

# Costs of a plan sum to 1 with an error of about 2e-15.
_ROUNDING = 1e-9
# So many operations without a planned device are named; the rest is counted.
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
        return self.devices is not None and device not in self.devices


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
    counted = Placement(tuple(op for op in placement.ops if op.operator not in rule.allow)) if placement else None
    reason = not_judged or _why_unknown(placement, counted)
    if counted is None or reason is not None:
        return [Check(name, limit, None, "not_judged", reason) for name, limit, _ in _rules(rule)]
    site = _Site(counted, compute_units, devices)
    return [_check(name, limit, judge(site, limit), counted) for name, limit, judge in _rules(rule)]


def _why_unknown(placement: Placement | None, counted: Placement | None) -> str | None:
    if placement is None:
        return "unknown placement: no compute plan was read"
    if placement.unknown:
        return f"unknown placement: {placement.reason or 'the compute plan names no device for any operation'}"
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


def _forbid(device: Device, site: _Site, limit: float) -> _Finding:
    found = site.counted.on(device)
    if found:
        return len(found), ("passed" if len(found) <= limit else "failed"), f"planned on {device}: {tally(found)}"
    if not site.permits(device):
        return 0, "passed", f"holds by configuration: {site.units} does not permit {device}"
    if site.lacks(device):
        return None, "not_judged", f"this machine has no {device}, so nothing could be planned on it"
    return 0, "passed", None


def _min_share(device: Device, by: ShareBy, site: _Site, limit: float) -> _Finding:
    if site.permits(device) and site.lacks(device):
        return None, "not_judged", f"this machine has no {device}, so nothing could be planned on it"
    how: ShareBy = "cost" if by == "cost" and site.counted.has_cost else "ops"
    share = site.counted.share(device, how)
    fallback = "by number of operations, since the plan has no cost" if how != by else None
    if share >= limit - _ROUNDING:
        return share, "passed", fallback
    elsewhere = [op for op in site.counted.placed if op.preferred != device]
    forbidden = None if site.permits(device) else f"{site.units} does not permit {device}"
    return share, "failed", _sentence(fallback, forbidden, f"planned elsewhere: {tally(elsewhere)}")


def _max_transitions(site: _Site, limit: float) -> _Finding:
    transitions = site.counted.transitions
    return transitions, ("passed" if transitions <= limit else "failed"), None


def _check(name: str, limit: float, finding: _Finding, counted: Placement) -> Check:
    value, verdict, reason = finding
    return Check(name, limit, value, verdict, _sentence(reason, _unplaced(counted)))


def _unplaced(counted: Placement) -> str | None:
    """Name the operations that the plan says nothing of: they fail no rule, yet hide no longer."""
    missing = counted.without_usage
    if not missing:
        return None
    names = ", ".join(f"{op.name} ({op.operator})" for op in missing[:_NAMED])
    rest = f" and {len(missing) - _NAMED} more" if len(missing) > _NAMED else ""
    return f"not counted, since the plan names no device for them: {names}{rest}"


def _sentence(*parts: str | None) -> str | None:
    return "; ".join(part for part in parts if part) or None


def tally(ops: Iterable[Operation]) -> str:
    """Say how often each operator occurs, the most frequent first, as `3 x gather, 1 x cast`."""
    return ", ".join(f"{count} x {operator}" for operator, count in Counter(op.operator for op in ops).most_common())
