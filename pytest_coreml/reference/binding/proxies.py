"""The native classes that coremltools uses (`libcoremlpython`), implemented with the reference runtime.

Import coremltools only inside functions: coremltools imports this module.
"""

from __future__ import annotations

import shutil
import time
import weakref
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Final, NoReturn

from pytest_coreml.reference.binding.plan import (
    _MLComputePlanProxy,
    _MLCPUComputeDeviceProxy,
    _MLGPUComputeDeviceProxy,
    _MLModelStructureNeuralNetworkLayerProxy,
    _MLModelStructureProgramOperationProxy,
    _MLNeuralEngineComputeDeviceProxy,
    cpu,
)
from pytest_coreml.reference.binding.signatures import takes, text
from pytest_coreml.reference.binding.structure import Proxies, model_structure
from pytest_coreml.reference.errors import BadModelError, ReferenceRuntimeError
from pytest_coreml.reference.execution.loaded_model import load_model, predict_into
from pytest_coreml.reference.execution.state import StateTensors
from pytest_coreml.reference.format import compiled
from pytest_coreml.reference.format.package import MemoryPackage, open_compiled
from pytest_coreml.reference.format.proto import MAXIMUM_SPECIFICATION_VERSION, parse_spec, read_spec
from pytest_coreml.reference.format.specification_version import oldest_version
from pytest_coreml.reference.options import RuntimeOptions

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from pytest_coreml.reference.format.package import Package

__all__ = [
    "_MLCPUComputeDeviceProxy",
    "_MLComputePlanProxy",
    "_MLGPUComputeDeviceProxy",
    "_MLModelAssetProxy",
    "_MLModelProxy",
    "_MLModelStructureNeuralNetworkLayerProxy",
    "_MLModelStructureProgramOperationProxy",
    "_MLNeuralEngineComputeDeviceProxy",
    "_State",
]

_COMPILED: Final = ".mlmodelc"


class _MLModelAssetProxy:
    """The source of a model that is loaded from an asset."""

    _package: Package

    def __init__(self) -> None:
        """Raise TypeError: only `_MLModelProxy` makes these."""
        raise TypeError("_MLModelAssetProxy: No constructor defined!")

    @classmethod
    def _of(cls, package: Package) -> Any:
        from coremltools.models.model import MLModelAsset

        proxy = cls.__new__(cls)
        proxy._package = package
        return MLModelAsset(proxy)


class _State:
    """The tensors that persist between predictions."""

    _tensors: StateTensors

    def __init__(self) -> None:
        """Raise TypeError: only models make these."""
        raise TypeError("_State: No constructor defined!")

    @classmethod
    def _of(cls, tensors: StateTensors) -> _State:
        state = cls.__new__(cls)
        state._tensors = tensors
        return state

    @takes("str")
    def read_state(self, name: str) -> NDArray[Any]:
        """Return a copy of a state."""
        return self._tensors.read(text(name))

    @takes("str", "object")
    def write_state(self, name: str, value: Any) -> None:
        """Replace a state."""
        self._tensors.write(text(name), value)


class _MLModelProxy:
    """A loaded model."""

    options: ClassVar[RuntimeOptions] = RuntimeOptions()

    def __init__(self, *arguments: Any) -> None:
        """Load a model: path, compute units, function name, hints, and optionally an asset or None.

        The model is compiled first, unless the path ends in `.mlmodelc`. Units and hints are accepted, without effect.
        """
        path, function, asset = _arguments(*arguments, *([None] if len(arguments) == 4 else []))
        package = asset._package if asset is not None else self._compiled(path)
        spec = read_spec(package, functions=False)
        begin = time.perf_counter_ns()
        self._model = load_model(package, spec, function, self.options)
        self._load_ns = time.perf_counter_ns() - begin
        self._predict_ns: int | None = None

    def _compiled(self, path: str) -> Package:
        if not path.rstrip("/").endswith(_COMPILED):
            try:
                folder = compiled.compile_model(Path(path))
            except ReferenceRuntimeError as error:
                raise type(error)(f'Error compiling model: "{error}".') from error
            # Also when the load that follows fails
            weakref.finalize(self, shutil.rmtree, folder, ignore_errors=True)
            path = str(folder)
        self._path = path.rstrip("/")
        return open_compiled(Path(path))

    @takes("dict", "_State | None")
    def predict(self, data: dict[str, Any], state: _State | None) -> dict[str, Any]:
        """Predict once."""
        results, self._predict_ns = self._model.predict(_features(data), state._tensors if state is not None else None)
        return results

    def predict_into(
        self, data: dict[str, Any], state: _State | None, backings: dict[str, NDArray[Any]]
    ) -> tuple[dict[str, Any], int]:
        """Predict once with arrays of the declared types, and compute outputs in the memory of *backings*, by name.

        Return the outputs and the time in ns. An output that was computed in its array is that very array. Threads may
        call it at the same time. Apple's binding has no such function.
        """
        return predict_into(self._model, _features(data), state._tensors if state is not None else None, backings)

    @takes("list")
    def batchPredict(self, batch: list[dict[str, Any]]) -> list[dict[str, Any]]:  # noqa: N802 - a native name
        """Predict with each input in order; the duration is that of the whole batch."""
        if not all(isinstance(data, dict) for data in batch):
            raise RuntimeError("Unable to cast Python instance of a batch to dict")
        predictions = [self._model.predict(_features(data), None) for data in batch]
        self._predict_ns = sum(elapsed for _, elapsed in predictions)
        return [results for results, _ in predictions]

    def newState(self) -> _State:  # noqa: N802 - a native name
        """Return a state of zeros."""
        return _State._of(StateTensors(self._model.states))

    def get_compiled_model_path(self) -> str:
        """Return the compiled folder; a folder that this object made is deleted with it."""
        if not hasattr(self, "_path"):
            raise BadModelError("a model that was loaded from an asset has no compiled path")
        return self._path

    def get_load_duration_in_nano_seconds(self) -> int:
        """Return the time to lower and load the model, without compilation."""
        return self._load_ns

    def get_last_predict_duration_in_nano_seconds(self) -> int | None:
        """Return the time of the last successful prediction, without conversions."""
        return self._predict_ns

    def __reduce_ex__(self, protocol: Any) -> NoReturn:
        """Raise TypeError: like native objects, these cannot be pickled or copied."""
        raise TypeError("cannot pickle '_MLModelProxy' object")

    @staticmethod
    @takes("str", this=False)
    def compileModel(path: str) -> str:  # noqa: N802 - a native name
        """Compile the model to a folder, which the caller deletes."""
        return str(compiled.compile_model(Path(text(path))))

    @staticmethod
    def maximum_supported_specification_version() -> int:
        """Return the newest specification version."""
        return MAXIMUM_SPECIFICATION_VERSION

    @staticmethod
    @takes("bytes", this=False)
    def auto_set_specification_version(content: bytes) -> bytes:
        """Return a serialized model with the oldest specification version that it needs."""
        spec = parse_spec(content, "the model")
        spec.specificationVersion = oldest_version(spec)
        serialized: bytes = spec.SerializeToString()
        return serialized

    @staticmethod
    @takes("str", this=False)
    def create_model_asset_from_path(path: str) -> Any:
        """Make an asset of a compiled folder."""
        return _MLModelAssetProxy._of(open_compiled(Path(text(path))))

    @staticmethod
    @takes("bytes", "dict", this=False)
    def create_model_asset_from_memory(content: bytes, blobs: dict[str, bytes]) -> Any:
        """Make an asset of a serialized model and its weight files, by names such as `weights/weight.bin`."""
        for name, blob in blobs.items():
            if not isinstance(name, str) or not isinstance(blob, bytes):
                raise RuntimeError(f"Unable to cast Python instance of type {type(blob)} to bytes")  # noqa: TRY004 - what pybind11 raises
        return _MLModelAssetProxy._of(MemoryPackage(content, dict(blobs)))

    @staticmethod
    def get_available_compute_devices() -> list[Any]:
        """Return the one CPU."""
        return [cpu()]

    get_all_compute_devices = get_available_compute_devices

    @staticmethod
    @takes("str", this=False)
    def get_model_structure(path: str) -> Any:
        """Return the structure of a compiled model; its operation proxies belong to no plan."""
        return _structure(text(path), None)

    @staticmethod
    @takes("str", "str", this=False)
    def get_compute_plan(path: str, units: str) -> Any:  # noqa: ARG004 - there is one device, whatever is asked for
        """Return the plan of a compiled model."""
        from coremltools.models.compute_plan import MLComputePlan

        plan = _MLComputePlanProxy()
        plan.model_structure = _structure(text(path), plan)
        return MLComputePlan(plan)


@takes("str", "str", "str", "dict", "_MLModelAssetProxy | None", this=False, name="__init__")
def _arguments(
    path: str,
    units: str,  # noqa: ARG001 - there is one device, whatever is asked for
    function: str,
    hints: dict[str, str],  # noqa: ARG001 - nothing here can be hinted at
    asset: _MLModelAssetProxy | None,
) -> tuple[str, str, _MLModelAssetProxy | None]:
    """Check the arguments of the constructor, and return those that have an effect."""
    # Apple's binding compares the last characters without looking whether there are as many.
    if asset is None and len(path) < len(_COMPILED):
        raise IndexError("basic_string::at: out of range")
    return text(path), text(function), asset


def _features(data: dict[str, Any]) -> dict[str, Any]:
    """Return the values that reach Core ML: Apple's binding drops lists and tuples."""
    return {name: value for name, value in data.items() if not isinstance(value, (list, tuple))}


def _structure(path: str, plan: _MLComputePlanProxy | None) -> Any:
    spec = read_spec(open_compiled(Path(path)))
    return model_structure(
        spec,
        Proxies(
            lambda: _MLModelStructureProgramOperationProxy.of(plan),
            lambda: _MLModelStructureNeuralNetworkLayerProxy.of(plan),
        ),
    )
