"""The layers of a compute plan as the page shows them: shares of devices, and operations alike in one row."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from pytest_coreml.facts.compute_units import DEVICE_NAMES, DEVICES
from pytest_coreml.report.text.numbers import number, percent

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pytest_coreml.facts.placement import Operation, Placement


@dataclass(frozen=True)
class DeviceShare:
    """The part of a plan that is on one device."""

    device: str
    """The device as the report names it, for colors."""
    words: str
    """Its name with its share."""
    percent: float
    """The share, 0 to 100."""


@dataclass(frozen=True)
class LayerRow:
    """Operations of one operator in one block that are planned and supported alike."""

    operator: str
    """The operator, and the count where there are several."""
    block: str
    """The blocks that contain the one that it is in, and that one; empty in the function itself."""
    depth: int
    """The number of blocks around it."""
    device: str
    """The planned device as the report names it; empty if there is none."""
    planned: str
    """The planned device in words."""
    supported: str
    """The devices that could run it, in words."""
    cost: str
    """The share of the cost in words; `-` without one."""
    bar: float
    """The share of the cost of the costliest row, 0 to 100."""
    reason: str
    """The reason why it is not on the Neural Engine; empty if it is, or if that is unknown."""


@dataclass(frozen=True)
class PlanView:
    """A compute plan."""

    shares: tuple[DeviceShare, ...]
    """The devices, by share of cost or else of operations."""
    by: str
    """The whole that the shares are shares of."""
    count: int
    """The number of its operations."""
    rows: tuple[LayerRow, ...]
    """The costliest groups of operations alike, or the largest if there are no costs."""
    omitted: str
    """A description of the other groups; empty if there are none."""
    unknown: str
    """Why no placement is known; empty if it is."""
    notes: tuple[str, ...]
    """The notes on it."""


def plan_view(placement: Placement, max_rows: int) -> PlanView:
    """Return the view of *placement* with at most *max_rows* groups of operations; the script shows every operation."""
    ops = [op for op in placement.ops if op.operator != "const"]
    rows, omitted = _rows(ops, max_rows)
    return PlanView(
        shares=device_shares(placement),
        by="estimated cost" if placement.has_cost else "number of operations",
        count=len(ops),
        rows=rows,
        omitted=omitted,
        unknown=(placement.why_unknown or "") if placement.unknown else "",
        notes=tuple(_notes(placement)),
    )


def device_shares(placement: Placement | None) -> tuple[DeviceShare, ...]:
    """Return the devices of a plan with their shares, the largest first; none where no placement is known."""
    if placement is None or placement.unknown:
        return ()
    shares = placement.shares("cost" if placement.has_cost else "ops")
    ordered = sorted(shares.items(), key=lambda item: -item[1])
    return tuple(
        DeviceShare(device, f"{DEVICE_NAMES[device]} {percent(share)}", round(share * 100, 2))
        for device, share in ordered
    )


def _notes(placement: Placement) -> Iterable[str]:
    if placement.unknown:
        return
    transitions = placement.transitions
    yield f"{transitions} change{'' if transitions == 1 else 's'} of device in program order"
    if placement.cost_reason is not None:
        yield f"no cost: {placement.cost_reason}"
    if placement.undetermined:
        yield f"{len(placement.undetermined)} operations without a known device"


class _Group(NamedTuple):
    """Operations alike."""

    ops: list[Operation]
    cost: float


def _rows(ops: list[Operation], max_rows: int) -> tuple[tuple[LayerRow, ...], str]:
    alike: dict[tuple[object, ...], list[Operation]] = defaultdict(list)
    for op in ops:
        alike[op.block, op.operator, op.preferred, op.supported, op.unknown_device, op.reason].append(op)
    groups = [_Group(group, sum([op.cost or 0.0 for op in group])) for group in alike.values()]
    groups.sort(key=lambda group: (-group.cost, -len(group.ops)))
    most = (groups[0].cost if groups else 0.0) or 1.0
    # Blocks stay together: what is nested stands below what is around it.
    shown = sorted(groups[:max_rows], key=lambda group: group.ops[0].block)
    return tuple(_row(group, most) for group in shown), _omitted(groups[max_rows:])


def _row(group: _Group, most: float) -> LayerRow:
    first, count = group.ops[0], len(group.ops)
    blocks = first.block.split("/")[1:]
    return LayerRow(
        operator=f"{count:,} × {first.operator}" if count > 1 else first.operator,  # noqa: RUF001
        block=" / ".join(blocks),
        depth=min(len(blocks), 6),
        device=first.preferred or "",
        planned=DEVICE_NAMES[first.preferred] if first.preferred else first.unknown_device or "not known",
        supported=", ".join(DEVICE_NAMES[device] for device in DEVICES if device in first.supported) or "-",
        cost=cost_words(group.cost) if any(op.cost is not None for op in group.ops) else "-",
        bar=round(group.cost / most * 100, 1),
        reason=first.reason or "",
    )


def _omitted(rest: list[_Group]) -> str:
    if not rest:
        return ""
    ops = [op for group in rest for op in group.ops]
    total = sum(group.cost for group in rest)
    cost = f" with {cost_words(total)} of the cost" if any(op.cost is not None for op in ops) else ""
    return f"{len(ops):,} more operations in {len(rest):,} groups{cost}"


def cost_words(share: float) -> str:
    """Return a share of the cost in percent, with more digits where it is small."""
    return f"{number(share * 100)} %"
