"""The lane of compute from a compute plan: estimated shares of one prediction, nothing that was observed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_coreml.facts.timeline import Event

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_coreml.facts.placement import Placement


def planned_operations(placement: Placement, start_ns: int, duration_ns: int) -> Iterator[Event]:
    """Yield an event for each operation: its share of the plan's cost, of a prediction of *duration_ns*.

    They follow each other in program order, though Core ML may compute several at a time, and fuse them. Without costs
    there are none.
    """
    if not placement.has_cost:
        return
    whole = sum(op.cost or 0.0 for op in placement.placed)
    done = 0.0
    for op in placement.placed:
        begin = round(duration_ns * done / whole) if whole > 0 else 0
        done += op.cost or 0.0
        end = round(duration_ns * done / whole) if whole > 0 else 0
        details = {"operation": op.name, "device": op.preferred, "estimated": True}
        yield Event("compute", op.operator, start_ns + begin, end - begin, details)


def why_not_planned(placement: Placement) -> str | None:
    """Return the reason why `planned_operations` has none; None if it has some."""
    if placement.has_cost:
        return None
    reason = placement.why_unknown or placement.cost_reason or "the plan has no cost for some operations"
    return f"no estimated times of operations: {reason}"
