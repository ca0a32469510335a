"""The native surface below coremltools (`libcoremlpython`), over the reference runtime.

Imports coremltools only inside functions: coremltools imports this module.
"""

from __future__ import annotations

import shutil
import time
import weakref
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from pytest_coreml.reference import compiled, executable, features
from pytest_coreml.reference.errors import BadModelError, ReferenceRuntimeError, UnsupportedModelError
from pytest_coreml.reference.options import RuntimeOptions
from pytest_coreml.reference.package import open_package
from pytest_coreml.reference.proto import MAXIMUM_SPECIFICATION_VERSION, read_spec
from pytest_coreml.reference.session import run
from pytest_coreml.reference.structure import program_structure

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from pytest_coreml.reference.lowering.function import StatePort


class _MLCPUComputeDeviceProxy:
    """The one device of this runtime."""


class _MLGPUComputeDeviceProxy:
    """Never found here; coremltools subclasses it."""


class _MLNeuralEngineComputeDeviceProxy:
    """Never found here; coremltools subclasses it."""

    def get_total_core_count(self) -> int:
        """Give the number of cores."""
        return 0


class _MLModelAssetProxy:
    """A model that was not loaded from a path; this runtime makes none."""


class _MLComputePlanProxy:
    """A plan in which every operation but a constant runs on the CPU, at unknown cost."""

    def __init__(self, structure: Any = None) -> None:
        self.model_structure = structure

    def get_compute_device_usage_for_mlprogram_operation(self, operation: Any) -> Any:
        """Give the CPU, or None for a constant."""
        from coremltools.models.compute_device import MLCPUComputeDevice
        from coremltools.models.compute_plan import MLComputePlanDeviceUsage

        if operation.operator_name.rpartition(".")[2] == "const":
            return None
        return MLComputePlanDeviceUsage(
            MLCPUComputeDevice(_MLCPUComputeDeviceProxy()), [MLCPUComputeDevice(_MLCPUComputeDeviceProxy())]
        )

    def get_compute_device_usage_for_neuralnetwork_layer(self, layer: Any) -> None:
        """Give nothing: networks are not executed here."""

    def get_estimated_cost_for_mlprogram_operation(self, operation: Any) -> None:
        """Give nothing: this runtime estimates no cost."""


class _MLModelStructureProgramOperationProxy:
    """Stands for an operation in queries of a plan."""


class _MLModelStructureNeuralNetworkLayerProxy:
    """Stands for a layer in queries of a plan; never made here."""


class _State:
    """The tensors that live from one prediction to the next."""

    def __init__(self, ports: tuple[StatePort, ...]) -> None:
        self._arrays = {
            port.name: np.zeros([d or 0 for d in port.type.shape], port.type.dtype.compute.numpy) for port in ports
        }

    def read_state(self, name: str) -> NDArray[Any]:
        """Give a copy of a state."""
        copy: NDArray[Any] = self._find(name).copy()
        return copy

    def write_state(self, name: str, value: Any) -> None:
        """Replace a state."""
        old = self._find(name)
        if not isinstance(value, np.ndarray):
            raise ReferenceRuntimeError("Failed to write state, only multi-array value is supported")
        if value.shape != old.shape:
            raise ReferenceRuntimeError(f"state {name!r}: expected the shape {old.shape}, got {value.shape}")
        self._arrays[name] = value.astype(old.dtype)

    def _find(self, name: str) -> NDArray[Any]:
        if name not in self._arrays:
            raise ReferenceRuntimeError(f"no state {name!r}; there are: {', '.join(sorted(self._arrays)) or 'none'}")
        return self._arrays[name]


class _MLModelProxy:
    """A loaded model."""

    options: ClassVar[RuntimeOptions] = RuntimeOptions()

    def __init__(self, path: str, units: str, function: str, hints: dict[str, str], asset: Any = None) -> None:  # noqa: ARG002 - the signature of the native class, which has more to choose from
        if asset is not None:
            raise UnsupportedModelError("the reference runtime loads models from paths only, not from assets")
        is_compiled = path.rstrip("/").endswith(".mlmodelc")
        folder = Path(path) if is_compiled else compiled.compile_model(Path(path))
        self._path = str(folder)
        self._finalizer = None if is_compiled else weakref.finalize(self, shutil.rmtree, folder, ignore_errors=True)
        package = open_package(folder)
        spec = read_spec(package)
        self._inputs, self._outputs, name = _description(spec, function)
        features.check_multi_arrays([*self._inputs, *self._outputs])
        program = _program(spec, path)
        begin = time.perf_counter_ns()
        self._model = executable.load(package, program, name, self.options)
        self._load_ns = time.perf_counter_ns() - begin
        self._predict_ns: int | None = None

    def predict(self, data: dict[str, Any], state: _State | None) -> dict[str, Any]:
        """Predict once."""
        arrays = features.read_inputs(data, self._inputs)
        lowered = self._model.lowered
        if lowered.states and state is None:
            raise ReferenceRuntimeError(
                f"The input feature for {lowered.states[0].name} must be an MLState, but it was not."
            )
        feeds = {
            port.value: np.ascontiguousarray(arrays[port.name], port.type.dtype.compute.numpy)
            for port in lowered.inputs
        }
        written = [port for port in lowered.states if port.written is not None]
        if state is not None:
            feeds.update({port.value: state._arrays[port.name] for port in lowered.states})
        names = [port.value for port in lowered.outputs] + [port.written for port in written if port.written]
        begin = time.perf_counter_ns()
        results = run(self._model.session, names, feeds)
        self._predict_ns = time.perf_counter_ns() - begin
        if state is not None:
            state._arrays.update(
                {port.name: result for port, result in zip(written, results[len(lowered.outputs) :], strict=True)}
            )
        by_name = {port.name: result for port, result in zip(lowered.outputs, results, strict=False)}
        return features.write_outputs(by_name, self._outputs)

    def batchPredict(self, batch: list[dict[str, Any]]) -> list[dict[str, Any]]:  # noqa: N802
        """Predict each in turn; the duration is that of the whole batch."""
        total, results = 0, []
        for data in batch:
            results.append(self.predict(data, None))
            total += self._predict_ns or 0
        self._predict_ns = total
        return results

    def newState(self) -> _State:  # noqa: N802
        """Give a state of zeros."""
        return _State(self._model.lowered.states)

    def get_compiled_model_path(self) -> str:
        """Give the compiled folder, which lives as long as this object when it made it."""
        return self._path

    def get_load_duration_in_nano_seconds(self) -> int:
        """Give the time of reading, lowering and loading, without compiling."""
        return self._load_ns

    def get_last_predict_duration_in_nano_seconds(self) -> int | None:
        """Give the time of the last prediction that succeeded, conversions not included."""
        return self._predict_ns

    @staticmethod
    def compileModel(path: str) -> str:  # noqa: N802
        """Compile into a folder that the caller deletes."""
        return str(compiled.compile_model(Path(path)))

    @staticmethod
    def maximum_supported_specification_version() -> int:
        """Give the newest specification version."""
        return MAXIMUM_SPECIFICATION_VERSION

    @staticmethod
    def get_available_compute_devices() -> list[Any]:
        """Give the one CPU."""
        from coremltools.models.compute_device import MLCPUComputeDevice

        return [MLCPUComputeDevice(_MLCPUComputeDeviceProxy())]

    get_all_compute_devices = get_available_compute_devices

    @staticmethod
    def get_model_structure(path: str) -> Any:
        """Give the operations of a compiled model."""
        spec = read_spec(open_package(Path(path)))
        return program_structure(_program(spec, path), _MLModelStructureProgramOperationProxy)

    @staticmethod
    def get_compute_plan(path: str, units: str) -> Any:  # noqa: ARG004 - there is one device, whatever is asked for
        """Give the plan of a compiled model."""
        from coremltools.models.compute_plan import MLComputePlan

        return MLComputePlan(_MLComputePlanProxy(_MLModelProxy.get_model_structure(path)))


def _program(spec: Any, path: str) -> Any:
    kind = spec.WhichOneof("Type")
    if kind != "mlProgram":
        raise UnsupportedModelError(f"{path}: the reference runtime cannot execute models of type {kind}")
    return spec.mlProgram


def _description(spec: Any, function: str) -> tuple[list[Any], list[Any], str]:
    """Give inputs, outputs and name of a function, the default one for an empty name."""
    description = spec.description
    if not description.functions:
        return list(description.input), list(description.output), function or "main"
    name = function or description.defaultFunctionName
    for found in description.functions:
        if found.name == name:
            return list(found.input), list(found.output), name
    raise BadModelError(f"no function {name!r}; there are: {', '.join(f.name for f in description.functions)}")
