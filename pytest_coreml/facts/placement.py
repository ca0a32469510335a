"""Planned placement: the device that the compute plan prefers for each operation.

A plan is an anticipation, not a trace
(https://developer.apple.com/documentation/coreml/mlcomputeplan-1w21n): nothing here was *observed*.
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
    """One operation of a compute plan."""

    name: str
    """The name of its first output; a plan does not name operations."""
    operator: str
    """The operator without its opset prefix, such as `conv`."""
    preferred: Device | None
    """The planned device; None if the plan does not name one that is known."""
    supported: tuple[Device, ...]
    """The devices that could execute it, among those that the compute units allow."""
    cost: float | None
    """Its share of the whole cost, 0..1, without the operations in its own blocks; None if the plan has no cost."""
    block: str
    """The path of the block that contains it, such as `main` or `main/while_loop_0/body`.

    The layers of a neural network are in the block `layers`. In a pipeline the name of the part comes first.
    """
    unknown_device: str | None = None
    """The plan's name of a planned device that this version does not know."""
    reason: str | None = None
    """The reason why it is not on the Neural Engine; None if it is, or the reason is unknown."""

    @property
    def counts(self) -> bool:
        """True if it is executed in a prediction. Constants are not."""
        return self.operator != "const" and not self.operator.startswith("constexpr_")

    @property
    def placed(self) -> bool:
        """True if it counts and has a planned device."""
        return self.counts and self.preferred is not None


@dataclass(frozen=True)
class Move:
    """An operation that is planned for another device than in the baseline."""

    name: str
    """The name of its first output."""
    operator: str
    """Its operator, without opset prefix."""
    before: Device
    """The device of the baseline's plan."""
    now: Device
    """The device of this plan."""
    cost: float | None
    """Its share (0..1) of the cost of this plan, else of the baseline's; None if neither has costs."""


@dataclass(frozen=True)
class Placement:
    """The compute plan of one configuration."""

    ops: tuple[Operation, ...]
    """The operations in program order, without constants. Reports of earlier versions contain constants."""
    reason: str | None = None
    """The reason why there is no plan; None if there is one."""
    cost_reason: str | None = None
    """The reason why the plan's costs are omitted; None if they are not."""

    @cached_property
    def placed(self) -> tuple[Operation, ...]:
        """The operations that count and have a planned device. Shares are relative to these."""
        return tuple(op for op in self.ops if op.placed)

    @property
    def unknown(self) -> bool:
        """True if the plan is missing, empty, or does not name a device for any operation."""
        return not self.placed

    @cached_property
    def undetermined(self) -> tuple[Operation, ...]:
        """The operations that count and have no planned device, or one that this version does not know."""
        return tuple(op for op in self.ops if op.counts and op.preferred is None)

    @property
    def why_unknown(self) -> str | None:
        """The reason why the placement is unknown; None if it is known."""
        if not self.unknown:
            return None
        strange = sorted({op.unknown_device for op in self.undetermined if op.unknown_device})
        if strange and self.reason is None:
            return f"the compute plan puts every operation on {', '.join(strange)}, which this version does not know"
        return self.reason or "the compute plan names no device for any operation"

    @property
    def has_cost(self) -> bool:
        """True if every placed operation has a cost, so that shares of cost exist."""
        return bool(self.placed) and not self.without_cost

    @cached_property
    def without_cost(self) -> tuple[Operation, ...]:
        """The placed operations without a cost."""
        return tuple(op for op in self.placed if op.cost is None)

    def share(self, device: Device, by: ShareBy = "cost") -> float:
        """Return the share (0..1) of *device* among the placed operations, *by* their cost or their number.

        Raise `ValueError` if the placement is unknown, or if *by* is `cost` and an operation has no cost.
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
        """Return the share of every device that has operations."""
        return {device: self.share(device, by) for device in DEVICES if self.on(device)}

    def on(self, device: Device) -> tuple[Operation, ...]:
        """Return the operations planned for *device*."""
        return tuple(op for op in self.placed if op.preferred == device)

    def supported_elsewhere(self, device: Device) -> tuple[Operation, ...]:
        """Return the operations that *device* supports and that are planned for another device."""
        return tuple(op for op in self.placed if device in op.supported and op.preferred != device)

    @property
    def transitions(self) -> int:
        """The number of changes of the planned device between neighboring placed operations, in program order."""
        return sum(a.preferred != b.preferred for a, b in pairwise(self.placed))
