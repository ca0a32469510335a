"""Read the operations of an ML Program with their planned devices, as Swift encodes them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from pytest_coreml.errors import ReportError
from pytest_coreml.facts.block_names import named_blocks
from pytest_coreml.facts.compute_units import DEVICES
from pytest_coreml.facts.placement import Operation, Placement
from pytest_coreml.facts.plan_costs import own_costs

if TYPE_CHECKING:
    from pytest_coreml.device_reports.fields import Fields
    from pytest_coreml.facts.compute_units import Device

# Programs have a few levels of control flow.
_MAX_DEPTH: Final = 40
# Language models in many blocks have ten thousand, with their constants.
_MAX_ENTRIES: Final = 60_000
_CONSTANT: Final = "const"


def known_device(device_type: Fields) -> tuple[Device | None, str | None]:
    """Return the device of `{"cpu": {}}`, or None and the name of one that this version does not know."""
    name = device_type.key()
    if name in DEVICES:
        return name, None
    return None, name


def read_program(block: Fields, function: str) -> Placement:
    """Return the planned placement of the operations in *block* of *function*, constants left out."""
    reader = _Reader()
    reader.read(block, function)
    if not reader.ops:
        return Placement((), "the report lists no operations")
    costs, why = own_costs([op.cost for op in reader.ops], reader.parents)
    ops = (op if op.cost == cost else replace(op, cost=cost) for op, cost in zip(reader.ops, costs, strict=True))
    return Placement(tuple(ops), cost_reason=why)


class _Reader:
    """The operations in program order, and for each the index of the one whose block contains it."""

    def __init__(self) -> None:
        self.ops: list[Operation] = []
        self.parents: list[int | None] = []
        self._entries = 0

    def read(self, block: Fields, path: str, parent: int | None = None, depth: int = 0) -> None:
        """Read a block and those inside it."""
        if depth > _MAX_DEPTH:
            raise ReportError(f"{block.source}: operations are nested more than {_MAX_DEPTH} blocks deep")
        listed = block["operations"]
        self._entries += len(listed.value) if isinstance(listed.value, list) else 0
        if self._entries > _MAX_ENTRIES:
            raise ReportError(f"{block.source}: lists more than {_MAX_ENTRIES:,} operations, as no program has")
        for entry in listed.items():
            operator = (entry["operatorName"].text() or "").rpartition(".")[2]
            if operator == _CONSTANT:
                continue
            if not operator:
                raise entry["operatorName"].error("the name of an operator")
            self.ops.append(_operation(entry, operator, path))
            self.parents.append(parent)
            index, name = len(self.ops) - 1, self.ops[-1].name
            for word, inner in named_blocks(operator, entry["blocks"].items()):
                self.read(inner, f"{path}/{name}/{word}", index, depth + 1)


def _operation(entry: Fields, operator: str, path: str) -> Operation:
    outputs = entry["outputs"].items()
    name = (outputs[0]["name"].text() if outputs else None) or ""
    weight = entry["cost"]["weight"]
    cost = None if weight.value is None else weight.number(weight.value)
    usage = entry["deviceUsage"]
    if usage.value is None:
        return Operation(name, operator, None, (), cost, path)
    preferred, unknown = known_device(usage["preferred"]["deviceType"])
    supported = [known_device(each["deviceType"])[0] for each in usage["supported"].items()]
    devices = tuple(device for device in supported if device is not None)
    return Operation(name, operator, preferred, devices, cost, path, unknown)
