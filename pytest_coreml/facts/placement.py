"""Where the compute plan puts each operation: plain data and the questions that tests ask of it.

A plan is an anticipation, not a trace
(https://developer.apple.com/documentation/coreml/mlcomputeplan-1w21n): everything here is *planned* placement.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Literal

from pytest_coreml.facts.compute_units import DEVICES, Device

ShareBy = Literal["ops", "cost"]


@dataclass(frozen=True)
class Operation:
    """One operation of a plan.

    *name*: its first output (a plan has no operation names). *operator*: without opset prefix. *preferred*: the planned
    device, None where the plan says nothing of this operation. *supported*: devices that could execute it among those
    that the compute units allow. *cost*: share of the whole, 0..1, without that of operations in its own blocks; None
    where the plan has none. *block*: path of the block it stands in, as `main` or `main/while_loop_0/body`; that of a
    network is `layers`, and in a pipeline the name of the part comes first. *unknown_device*: what the plan calls a
    planned device that is none of ours.
    """

    name: str
    operator: str
    preferred: Device | None
    supported: tuple[Device, ...]
    cost: float | None
    block: str
    unknown_device: str | None = None

    @property
    def counts(self) -> bool:
        """Whether it is executed at prediction time: constants are not."""
        return self.operator != "const" and not self.operator.startswith("constexpr_")

    @property
    def placed(self) -> bool:
        """Whether it counts and the plan names a device for it."""
        return self.counts and self.preferred is not None


@dataclass(frozen=True)
class Placement:
    """The compute plan of one model under one compute-units setting, in program order.

    *reason* says why there is no plan; it is None when there is one. *cost_reason*: why costs that the plan has are
    left out, None when they are not.
    """

    ops: tuple[Operation, ...]
    reason: str | None = None
    cost_reason: str | None = None

    @cached_property
    def placed(self) -> tuple[Operation, ...]:
        """The operations that shares are made of: counted, and with a planned device."""
        return tuple(op for op in self.ops if op.placed)

    @property
    def unknown(self) -> bool:
        """Whether the plan says nothing: missing, empty, or without a device for any operation."""
        return not self.placed

    @cached_property
    def undetermined(self) -> tuple[Operation, ...]:
        """The operations that count, yet may be anywhere: without a usage, or planned for a device unknown to us."""
        return tuple(op for op in self.ops if op.counts and op.preferred is None)

    @property
    def why_unknown(self) -> str | None:
        """Why nothing is known, None when something is."""
        if not self.unknown:
            return None
        strange = sorted({op.unknown_device for op in self.undetermined if op.unknown_device})
        if strange and self.reason is None:
            return f"the compute plan puts every operation on {', '.join(strange)}, which this version does not know"
        return self.reason or "the compute plan names no device for any operation"

    @property
    def has_cost(self) -> bool:
        """Whether every placed operation has a cost, so that shares of cost exist."""
        return bool(self.placed) and not self.without_cost

    @cached_property
    def without_cost(self) -> tuple[Operation, ...]:
        """The placed operations that the plan gives no cost for."""
        return tuple(op for op in self.placed if op.cost is None)

    def share(self, device: Device, by: ShareBy = "cost") -> float:
        """Give the share (0..1) of *device* among the placed operations, by their cost or by their number.

        Raises `ValueError` when the plan is unknown, or when a share of cost is asked for and the plan has no cost.
        """
        if self.unknown:
            raise ValueError(f"no placement is known: {self.why_unknown}")
        if by == "ops":
            return len(self.on(device)) / len(self.placed)
        if not self.has_cost:
            raise ValueError("the plan has no cost for some operations; ask for share(device, by='ops')")
        total = sum(op.cost or 0.0 for op in self.placed)
        return sum(op.cost or 0.0 for op in self.on(device)) / total if total > 0 else 0.0

    def shares(self, by: ShareBy) -> dict[Device, float]:
        """Give the share of every device that has one."""
        return {device: self.share(device, by) for device in DEVICES if self.on(device)}

    def on(self, device: Device) -> tuple[Operation, ...]:
        """Give the operations planned for *device*."""
        return tuple(op for op in self.placed if op.preferred == device)

    def supported_elsewhere(self, device: Device) -> tuple[Operation, ...]:
        """Give the operations that *device* could run, and that are planned for another one."""
        return tuple(op for op in self.placed if device in op.supported and op.preferred != device)

    @property
    def transitions(self) -> int:
        """How often the planned device changes between neighbouring placed operations, in program order."""
        return sum(a.preferred != b.preferred for a, b in pairwise(self.placed))
