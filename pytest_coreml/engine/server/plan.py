"""Read a compute plan into plain data.

The native objects behind operations die with their plan, and answer None from then on, as if the plan knew nothing:
everything is copied while the plan lives.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytest_coreml.compute_units import COREMLTOOLS_NAMES
from pytest_coreml.engine.server.native_errors import cause
from pytest_coreml.errors import EngineError
from pytest_coreml.placement import Operation, Placement

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_coreml.compute_units import ComputeUnits, Device

# What only compiled models have (https://github.com/apple/coremltools/issues/2757).
_MARK = "coremldata.bin"
# The blocks of control flow have no names in a structure; these are MIL's, in its order.
_BLOCKS = {"cond": ("true", "false"), "while_loop": ("cond", "body")}
_UNNAMED = "a device that coremltools has no class for"


def read_plan(path: str, units: ComputeUnits, function: str) -> Placement:
    """Give the planned placement of the compiled model at *path*; unknown, with the reason, where there is none.

    *function*: the default function of the model, which is the one that Core ML plans.
    Raises `EngineError` for a path that is no compiled model: Core ML would end the process.
    """
    if not (Path(path) / _MARK).is_file():
        raise EngineError(f"{path} is no compiled model: it has no {_MARK}")
    import coremltools
    from coremltools.models.compute_plan import MLComputePlan

    try:
        plan = MLComputePlan.load_from_path(path, coremltools.ComputeUnit[COREMLTOOLS_NAMES[units]])
    except RuntimeError as error:
        return Placement((), f"Core ML gave no compute plan: {cause(error)}")
    if plan is None:
        return Placement((), "Core ML gave neither a compute plan nor an error")
    return _placement(plan, function)


def _placement(plan: Any, function: str) -> Placement:
    ops = tuple(_Reader(plan).structure(plan.model_structure, function))
    if ops:
        return Placement(ops)
    return Placement((), "the compute plan lists no operations")


class _Reader:
    """Copies what a plan says of each operation, in program order."""

    def __init__(self, plan: Any) -> None:
        from coremltools.models import compute_device

        self._plan = plan
        self._devices: dict[type, Device] = {
            compute_device.MLCPUComputeDevice: "cpu",
            compute_device.MLGPUComputeDevice: "gpu",
            compute_device.MLNeuralEngineComputeDevice: "neuralEngine",
        }

    def structure(self, structure: Any, function: str, path: str = "") -> Iterator[Operation]:
        """Give the operations of a structure; *path* is that of the pipeline it is a part of."""
        if structure is None:
            return
        if structure.program is not None:
            functions = structure.program.functions
            name = function if function in functions else next(iter(functions))
            yield from self._block(functions[name].block, path + name)
        if structure.neuralnetwork is not None:
            for layer in structure.neuralnetwork.layers:
                yield self._layer(layer, f"{path}layers")
        if structure.pipeline is not None:
            for name, part in structure.pipeline.sub_models:
                yield from self.structure(part, "main", f"{path}{name}/")

    def _block(self, block: Any, path: str) -> Iterator[Operation]:
        for operation in block.operations:
            read = self._operation(operation, path)
            yield read
            names = _BLOCKS.get(read.operator, ())
            for index, nested in enumerate(operation.blocks):
                name = names[index] if index < len(names) else str(index)
                yield from self._block(nested, f"{path}/{read.name}/{name}")

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
    # coremltools gives None for a device that its binding does not know.
    return _UNNAMED if device is None else type(device).__name__
