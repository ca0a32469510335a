"""Read a compute plan into plain data.

The native objects behind operations are released with their plan, and answer None from then on, as if the plan were
empty. Everything is copied while the plan exists.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytest_coreml.engine.server.devices import device_classes
from pytest_coreml.engine.server.messages import cause
from pytest_coreml.errors import EngineError
from pytest_coreml.facts.block_names import named_blocks
from pytest_coreml.facts.compute_units import COREMLTOOLS_NAMES
from pytest_coreml.facts.placement import Operation, Placement
from pytest_coreml.facts.plan_costs import own_costs

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pytest_coreml.facts.compute_units import ComputeUnits, Device

# The file that only compiled models have (https://github.com/apple/coremltools/issues/2757).
_MARK = "coremldata.bin"
NO_PLAN = "Core ML returned neither a compute plan nor an error"
_CONSTANT = "const"
# The operator of a pipeline's part that has no structure, such as a tree, as `allow=` takes it.
PART = "model"
_UNNAMED = "a device that coremltools has no class for"


def read_plan(path: str, units: ComputeUnits, function: str) -> Placement:
    """Return the planned placement of the compiled model at *path*; unknown, with the reason, where there is none.

    *function*: the default function of the model, which is the one that Core ML plans.
    Raises `EngineError` for a path that is not a compiled model, on which Core ML would crash the process.
    """
    check_compiled(path)
    import coremltools
    from coremltools.models.compute_plan import MLComputePlan

    try:
        plan = MLComputePlan.load_from_path(path, coremltools.ComputeUnit[COREMLTOOLS_NAMES[units]])
    except RuntimeError as error:
        return Placement((), f"Core ML returned no compute plan: {cause(error)}")
    if plan is None:
        return Placement((), NO_PLAN)
    return make_placement(plan, function, device_classes())


def check_compiled(path: str) -> None:
    """Raise `EngineError` for a path that is not a compiled model, on which Core ML would crash the process."""
    if not (Path(path) / _MARK).is_file():
        raise EngineError(f"{path} is not a compiled model: it has no {_MARK}")


def make_placement(plan: Any, function: str, devices: Mapping[type, Device]) -> Placement:
    """Return the placement that *plan* has for *function*: a plan of coremltools, or one with its attributes.

    *devices*: our name of each class of device.
    """
    reader = _Reader(plan, devices)
    reason = reader.read(plan.model_structure, function)
    if not reader.ops:
        listed = "constants only" if reader.constants else "no operations"
        return Placement((), reason or f"the compute plan lists {listed}")
    costs, why = own_costs([op.cost for op in reader.ops], reader.parents)
    ops = (op if op.cost == cost else replace(op, cost=cost) for op, cost in zip(reader.ops, costs, strict=True))
    return Placement(tuple(ops), cost_reason=why)


class _Reader:
    """A copy of what a plan reports of each operation, in program order.

    Constants, of which a plan says nothing, are counted only: they are most of the operations of a program.
    `parents`: for each of `ops` the index of the operation whose block contains it.
    """

    def __init__(self, plan: Any, devices: Mapping[type, Device]) -> None:
        self.ops: list[Operation] = []
        self.parents: list[int | None] = []
        self.constants = 0
        self._plan = plan
        self._devices = devices

    def read(self, structure: Any, function: str, path: str = "") -> str | None:
        """Read a structure; return the reason if nothing was read. *path*: of the pipeline that it is a part of."""
        if structure is None:
            return "the compute plan has no structure"
        if structure.program is not None:
            return self._function(structure.program.functions, function, path)
        if structure.neuralnetwork is not None:
            self._network(structure.neuralnetwork, f"{path}layers")
        elif structure.pipeline is not None:
            for name, part in structure.pipeline.sub_models:
                self._part(name, part, path)
        return None

    def _function(self, functions: Any, wanted: str, path: str) -> str | None:
        # The dictionary has no order, so a function cannot be chosen by its position.
        name = next(iter(functions)) if len(functions) == 1 else wanted
        if name not in functions:
            return f"the compute plan has no function {wanted!r}; it has {', '.join(sorted(functions))}"
        self._block(functions[name].block, path + name)
        return None

    def _part(self, name: str, part: Any, path: str) -> None:
        before = len(self.ops)
        self.read(part, "main", f"{path}{name}/")
        if len(self.ops) == before:
            # It runs anyway, on a device that Core ML does not report.
            self._add(Operation(name, PART, None, (), None, f"{path}{name}"))

    def _block(self, block: Any, path: str, parent: int | None = None) -> None:
        for operation in block.operations:
            if operation.operator_name.rsplit(".", 1)[-1] == _CONSTANT:
                self.constants += 1
                continue
            read = self._operation(operation, path)
            index = self._add(read, parent)
            for name, nested in named_blocks(read.operator, operation.blocks):
                self._block(nested, f"{path}/{read.name}/{name}", index)

    def _network(self, network: Any, path: str, parent: int | None = None) -> None:
        for layer in network.layers:
            read = self._layer(layer, path)
            index = self._add(read, parent)
            # coremltools' layers do not have the networks inside them, those of the reference runtime do.
            for name, nested in named_blocks(read.operator, getattr(layer, "networks", ())):
                self._network(nested, f"{path}/{read.name}/{name}", index)

    def _add(self, operation: Operation, parent: int | None = None) -> int:
        self.ops.append(operation)
        self.parents.append(parent)
        return len(self.ops) - 1

    def _operation(self, operation: Any, path: str) -> Operation:
        name = operation.outputs[0].name if operation.outputs else ""
        # Some operators carry their opset (`ios18.conv`), those that never changed do not.
        operator = operation.operator_name.rsplit(".", 1)[-1]
        usage = self._plan.get_compute_device_usage_for_mlprogram_operation(operation)
        cost = self._plan.get_estimated_cost_for_mlprogram_operation(operation)
        return self._read(name, operator, usage, None if cost is None else cost.weight, path)

    def _layer(self, layer: Any, path: str) -> Operation:
        usage = self._plan.get_compute_device_usage_for_neuralnetwork_layer(layer)
        # There is no query for the cost of a layer.
        return self._read(layer.name, layer.type, usage, None, path)

    def _read(self, name: str, operator: str, usage: Any, cost: float | None, block: str) -> Operation:
        if usage is None:
            return Operation(name, operator, None, (), cost, block)
        preferred = self._device(usage.preferred_compute_device)
        known = [self._device(device) for device in usage.supported_compute_devices]
        return Operation(
            name,
            operator,
            preferred,
            tuple(device for device in known if device is not None),
            cost,
            block,
            None if preferred else _class_name(usage.preferred_compute_device),
        )

    def _device(self, device: Any) -> Device | None:
        # Devices are new objects each time; a subclass is made by none of coremltools' calls.
        return self._devices.get(type(device))


def _class_name(device: Any) -> str:
    # coremltools returns None for a device that its binding does not know.
    return _UNNAMED if device is None else type(device).__name__
