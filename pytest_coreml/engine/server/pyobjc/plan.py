"""Read a compute plan by PyObjC, which plans any function, and with the hints of the load."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, Final

from pytest_coreml.engine.server.plan import NO_PLAN, check_compiled, make_placement
from pytest_coreml.engine.server.pyobjc.completions import Completion
from pytest_coreml.engine.server.pyobjc.foundation_objects import file_url
from pytest_coreml.engine.server.pyobjc.frameworks import pool, reason
from pytest_coreml.engine.server.pyobjc.objc_loading import make_configuration
from pytest_coreml.facts.placement import Placement

if TYPE_CHECKING:
    from pytest_coreml.facts.compute_units import ComputeUnits, Device
    from pytest_coreml.facts.load_options import LoadOptions

_DEVICES: Final[dict[str, Device]] = {
    "MLCPUComputeDevice": "cpu",
    "MLGPUComputeDevice": "gpu",
    "MLNeuralEngineComputeDevice": "neuralEngine",
}


def read_objc_plan(path: str, units: ComputeUnits, function: str, options: LoadOptions) -> Placement:
    """Return the planned placement of *function*; unknown, with the reason, where there is none.

    Raises `EngineError` for a path that is not a compiled model, on which Core ML would crash the process.
    """
    check_compiled(path)
    with pool():
        try:
            plan, error = _load(path, units, options)
        except Exception as failure:  # noqa: BLE001  (a macOS without plans, or an exception of Objective-C)
            return Placement((), f"Core ML returned no compute plan: {failure}")
        if plan is None:
            return Placement((), f"Core ML returned no compute plan: {reason(error)}" if error is not None else NO_PLAN)
        return make_placement(_Plan(plan), function, _device_classes())


def _load(path: str, units: ComputeUnits, options: LoadOptions) -> tuple[Any, Any]:
    import CoreML

    # A plan is of compiled files, whether the model was loaded from them or from memory.
    configuration = make_configuration(units, replace(options, from_memory=False))
    completion = Completion()
    CoreML.MLComputePlan.loadContentsOfURL_configuration_completionHandler_(
        file_url(path), configuration, completion.make_handler()
    )
    return completion.wait()[:2]


def _device_classes() -> dict[type, Device]:
    import CoreML

    return {getattr(CoreML, name): device for name, device in _DEVICES.items() if hasattr(CoreML, name)}


class _Plan:
    """A plan with the attributes of coremltools' `MLComputePlan`."""

    def __init__(self, native: Any) -> None:
        self._native = native
        self.model_structure = _structure(native.modelStructure())

    def get_compute_device_usage_for_mlprogram_operation(self, operation: Any) -> Any:
        return _usage(self._native.computeDeviceUsageForMLProgramOperation_(operation.native))

    def get_compute_device_usage_for_neuralnetwork_layer(self, layer: Any) -> Any:
        return _usage(self._native.computeDeviceUsageForNeuralNetworkLayer_(layer.native))

    def get_estimated_cost_for_mlprogram_operation(self, operation: Any) -> Any:
        cost = self._native.estimatedCostOfMLProgramOperation_(operation.native)
        return None if cost is None else SimpleNamespace(weight=float(cost.weight()))


def _usage(native: Any) -> Any:
    if native is None:
        return None
    return SimpleNamespace(
        preferred_compute_device=native.preferredComputeDevice(),
        supported_compute_devices=list(native.supportedComputeDevices()),
    )


def _structure(native: Any) -> Any:
    if native is None:
        return None
    return SimpleNamespace(
        program=_program(native.program()),
        neuralnetwork=_network(native.neuralNetwork()),
        pipeline=_pipeline(native.pipeline()),
    )


def _program(native: Any) -> Any:
    if native is None:
        return None
    functions = native.functions()
    named = {str(name): functions.objectForKey_(name) for name in functions.allKeys()}
    return SimpleNamespace(
        functions={name: SimpleNamespace(block=_block(function.block())) for name, function in named.items()}
    )


def _block(native: Any) -> Any:
    return SimpleNamespace(operations=[_operation(operation) for operation in native.operations()])


def _operation(native: Any) -> Any:
    return SimpleNamespace(
        native=native,
        operator_name=str(native.operatorName()),
        outputs=[SimpleNamespace(name=str(output.name())) for output in native.outputs()],
        blocks=[_block(block) for block in native.blocks()],
    )


def _network(native: Any) -> Any:
    if native is None:
        return None
    return SimpleNamespace(
        layers=[
            SimpleNamespace(native=layer, name=str(layer.name()), type=str(layer.type())) for layer in native.layers()
        ]
    )


def _pipeline(native: Any) -> Any:
    if native is None:
        return None
    names = [str(name) for name in native.subModelNames()]
    parts = [_structure(part) for part in native.subModels()]
    return SimpleNamespace(sub_models=list(zip(names, parts, strict=True)))
