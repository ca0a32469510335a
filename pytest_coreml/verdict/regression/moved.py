"""The verdicts on operations that left the device that the baseline's plan had them on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from pytest_coreml.facts.metrics import parse_check
from pytest_coreml.facts.reason import Cause, PlannedOperations, Reason
from pytest_coreml.verdict.check import Check
from pytest_coreml.verdict.regression.changes import find_moves

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from pytest_coreml.facts.compute_units import ComputeUnits, Device
    from pytest_coreml.facts.limits import PlacementRule
    from pytest_coreml.facts.placement import Move, Operation, Placement
    from pytest_coreml.verdict.regression.run import Run

MOVED: Final = "max_moved"
# Costs of a plan sum to 1 with an error of about 2e-15.
_ROUNDING: Final = 1e-9


def limits_of_moves(rules: Iterable[PlacementRule], units: ComputeUnits) -> dict[Device, float]:
    """Return the share of the baseline's plan that may have left each device on *units*: the lowest of all *rules*."""
    limits: dict[Device, float] = {}
    for rule in rules:
        if rule.compute_units is None or units in rule.compute_units:
            limits |= {device: min(share, limits.get(device, share)) for device, share in rule.max_moved.items()}
    return limits


def judge_moved(before: Run | None, current: Sequence[Run], limits: Mapping[Device, float]) -> list[Check]:
    """Return a check for each device of *limits*: the share of the plan, 0 to 1, that may have left it.

    *before*: the baseline run to compare with, None if there is none. The share is one of the baseline's cost, or of
    its operations where a plan has no costs. Operations are known by output and operator: those that the model has
    gained or lost have not moved.
    """
    now = next((run.placement for run in current if run.placement is not None), None)
    then = before.placement if before is not None else None
    return [_check(device, limit, then, now, known=before is not None) for device, limit in limits.items()]


def open_moves(moved: Iterable[Move], checks: Iterable[Check]) -> tuple[Move, ...]:
    """Return those of *moved* that left a device for which none of *checks* is a limit."""
    limited = {parse_check(check.check).item for check in checks if check.check.startswith(MOVED)}
    return tuple(move for move in moved if move.before not in limited)


def left_device(before: Placement, now: Placement, device: Device) -> tuple[float, tuple[Operation, ...]]:
    """Return the share (0..1) of *before* that has left *device*, and the operations, as they are planned now."""
    moved = [(old, new) for old, new in find_moves(before, now) if old.preferred == device]
    if before.has_cost:
        total = sum(op.cost or 0.0 for op in before.placed)
        share = sum(old.cost or 0.0 for old, _ in moved) / total if total > 0 else 0.0
    else:
        share = len(moved) / len(before.placed)
    return share, tuple(new for _, new in moved)


def _check(device: Device, limit: float, before: Placement | None, now: Placement | None, *, known: bool) -> Check:
    name = f"{MOVED}[{device}]"
    if before is None or now is None or before.unknown or now.unknown:
        unknown = Reason(Cause.NO_PLAN_READ) if known else Reason(Cause.UNKNOWN_TEST)
        return Check(name, limit, None, "not_judged", unknown)
    share, ops = left_device(before, now, device)
    if share <= limit + _ROUNDING:
        return Check(name, limit, share, "passed")
    return Check(name, limit, share, "failed", Reason(Cause.PLANNED_ELSEWHERE, PlannedOperations(ops)))
