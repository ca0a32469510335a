"""The part of `CoreML` that plans: the stand-in's plan of coremltools, under the names of Objective-C."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from standin import compiler
from standin.failures import NoResultError, enter

from pyobjc_standin.bridge import ObjCObject
from pyobjc_standin.core_ml import MLModelConfiguration, answer_later
from pyobjc_standin.foundation import ns_array, ns_dictionary, ns_error, ns_text

if TYPE_CHECKING:
    from collections.abc import Callable

    from pyobjc_standin.foundation import NSURL


class _PlanError(Exception):
    """An error that the framework reports by an `NSError`."""


class _Wrapper(ObjCObject):
    """An object of Core ML over one of coremltools' dataclasses."""

    _data: Any


def _over(cls: type[_Wrapper], data: Any) -> Any:
    if data is None:
        return None
    made = cls()
    made._data = data
    return made


class MLComputePlan(_Wrapper):
    @staticmethod
    def loadContentsOfURL_configuration_completionHandler_(  # noqa: N802
        url: NSURL,
        configuration: MLModelConfiguration,
        handler: Callable[[Any, Any], None],
    ) -> None:
        answer_later(handler, lambda: _make_plan(url.path(), configuration))

    def modelStructure(self) -> Any:  # noqa: N802
        return _over(MLModelStructure, self._data.model_structure)

    def computeDeviceUsageForMLProgramOperation_(self, operation: Any) -> Any:  # noqa: N802
        usage = self._data.get_compute_device_usage_for_mlprogram_operation(operation._data)
        return _over(MLComputePlanDeviceUsage, usage)

    def computeDeviceUsageForNeuralNetworkLayer_(self, layer: Any) -> Any:  # noqa: N802
        usage = self._data.get_compute_device_usage_for_neuralnetwork_layer(layer._data)
        return _over(MLComputePlanDeviceUsage, usage)

    def estimatedCostOfMLProgramOperation_(self, operation: Any) -> Any:  # noqa: N802
        return _over(MLComputePlanCost, self._data.get_estimated_cost_for_mlprogram_operation(operation._data))


class MLComputePlanCost(_Wrapper):
    def weight(self) -> float:
        return float(self._data.weight)


class MLCPUComputeDevice(_Wrapper):
    """The CPU."""


class MLGPUComputeDevice(_Wrapper):
    """A GPU."""


class MLNeuralEngineComputeDevice(_Wrapper):
    """The Neural Engine."""


class MLComputePlanDeviceUsage(_Wrapper):
    def preferredComputeDevice(self) -> Any:  # noqa: N802
        return _device(self._data.preferred_compute_device)

    def supportedComputeDevices(self) -> Any:  # noqa: N802
        return ns_array([_device(device) for device in self._data.supported_compute_devices])


def _device(device: Any) -> Any:
    return None if device is None else globals()[type(device).__name__]()


class MLModelStructure(_Wrapper):
    def program(self) -> Any:
        return _over(MLModelStructureProgram, self._data.program)

    def neuralNetwork(self) -> Any:  # noqa: N802
        return _over(MLModelStructureNeuralNetwork, self._data.neuralnetwork)

    def pipeline(self) -> Any:
        return _over(MLModelStructurePipeline, self._data.pipeline)


class MLModelStructureProgram(_Wrapper):
    def functions(self) -> Any:
        named = {ns_text(name): _over(MLModelStructureProgramFunction, f) for name, f in self._data.functions.items()}
        return ns_dictionary(named)


class MLModelStructureProgramFunction(_Wrapper):
    def block(self) -> Any:
        return _over(MLModelStructureProgramBlock, self._data.block)


class MLModelStructureProgramBlock(_Wrapper):
    def operations(self) -> Any:
        return ns_array([_over(MLModelStructureProgramOperation, each) for each in self._data.operations])


class MLModelStructureProgramOperation(_Wrapper):
    def operatorName(self) -> str:  # noqa: N802
        return ns_text(self._data.operator_name)

    def outputs(self) -> Any:
        return ns_array([_over(MLModelStructureProgramNamedValueType, each) for each in self._data.outputs])

    def blocks(self) -> Any:
        return ns_array([_over(MLModelStructureProgramBlock, each) for each in self._data.blocks])


class MLModelStructureProgramNamedValueType(_Wrapper):
    def name(self) -> str:
        return ns_text(self._data.name)


class MLModelStructureNeuralNetwork(_Wrapper):
    def layers(self) -> Any:
        return ns_array([_over(MLModelStructureNeuralNetworkLayer, each) for each in self._data.layers])


class MLModelStructureNeuralNetworkLayer(_Wrapper):
    def name(self) -> str:
        return ns_text(self._data.name)

    def type(self) -> str:
        return ns_text(self._data.type)


class MLModelStructurePipeline(_Wrapper):
    def subModelNames(self) -> Any:  # noqa: N802
        return ns_array([ns_text(name) for name, _ in self._data.sub_models])

    def subModels(self) -> Any:  # noqa: N802
        return ns_array([_over(MLModelStructure, part) for _, part in self._data.sub_models])


def _make_plan(path: str, configuration: MLModelConfiguration) -> tuple[Any, Any]:
    from standin.plan import make_plan

    try:
        enter("plan", path, configuration._units, dress=_PlanError, function=configuration._function)
    except _PlanError as failure:
        return None, ns_error(str(failure))
    except NoResultError:
        return None, None
    spec = compiler.read_compiled(path)
    if configuration._function:
        spec.description.defaultFunctionName = configuration._function
    return _over(MLComputePlan, make_plan(spec, configuration._units)), None
