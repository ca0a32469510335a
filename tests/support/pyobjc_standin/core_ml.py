"""The module `CoreML`: models, arrays, features and states, executed by the reference runtime."""

from __future__ import annotations

import ctypes
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image
from standin import compiler
from standin.failures import NoResultError, enter
from standin.session import current

from pyobjc_standin import quartz
from pyobjc_standin.bridge import ObjCObject, VarList
from pyobjc_standin.facts import facts
from pyobjc_standin.foundation import NSURL, NSArray, ns_array, ns_dictionary, ns_error, ns_number, ns_text

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from numpy.typing import NDArray

ENUMS: dict[str, int] = facts()["enums"]["12.2.2"]
_DTYPES = {
    ENUMS[f"MLMultiArrayDataType{name}"]: name.lower() for name in ("Float16", "Float32", "Float64", "Int32", "Int8")
}
_UNITS = {
    ENUMS[f"MLComputeUnits{name}"]: units
    for name, units in [
        ("All", "ALL"),
        ("CPUAndGPU", "CPU_AND_GPU"),
        ("CPUOnly", "CPU_ONLY"),
        ("CPUAndNeuralEngine", "CPU_AND_NE"),
    ]
}


class _NativeError(Exception):
    """An error that the framework reports by an `NSError`."""


class MLMultiArray(ObjCObject):
    _view: NDArray[Any]

    def initWithDataPointer_shape_dataType_strides_deallocator_error_(  # noqa: N802, PLR0917
        self, pointer: memoryview, shape: NSArray, kind: int, strides: NSArray, deallocator: None, error: None
    ) -> tuple[Any, Any]:
        dtype = np.dtype(_DTYPES[kind])
        # The memory is borrowed: nothing here keeps its owner.
        flat = np.frombuffer((ctypes.c_char * pointer.nbytes).from_buffer(pointer), dtype)
        size = [stride * dtype.itemsize for stride in strides]
        self._view = np.lib.stride_tricks.as_strided(flat, list(shape), size)
        return self, None

    def dataType(self) -> int:  # noqa: N802
        return next(kind for kind, name in _DTYPES.items() if name == self._view.dtype.name)

    def shape(self) -> NSArray:
        return ns_array([ns_number(size) for size in self._view.shape])

    def strides(self) -> NSArray:
        return ns_array([ns_number(stride // self._view.itemsize) for stride in self._view.strides])

    def dataPointer(self) -> VarList:  # noqa: N802
        return VarList(self._view.ctypes.data)

    def getBytesWithHandler_(self, handler: Callable[[bytes, int], None]) -> None:  # noqa: N802
        strides = zip(self._view.shape, self._view.strides, strict=True)
        size = sum((count - 1) * stride for count, stride in strides) + self._view.itemsize
        handler(ctypes.string_at(self._view.ctypes.data, size), size)


def multi_array(values: NDArray[Any]) -> MLMultiArray:
    """Return an array of the framework's own, with padded rows where the scenario wants that."""
    made = MLMultiArray()
    padding = current().scenario.objc.padding
    memory = np.full((*values.shape[:-1], values.shape[-1] + padding), 77, values.dtype)
    made._view = memory[..., : values.shape[-1]]
    made._view[...] = values
    return made


class MLFeatureValue(ObjCObject):
    _value: Any

    @staticmethod
    def featureValueWithMultiArray_(value: MLMultiArray) -> MLFeatureValue:  # noqa: N802
        return feature_value(value)

    @staticmethod
    def featureValueWithInt64_(value: int) -> MLFeatureValue:  # noqa: N802
        return feature_value(value)

    @staticmethod
    def featureValueWithDouble_(value: float) -> MLFeatureValue:  # noqa: N802
        return feature_value(value)

    @staticmethod
    def featureValueWithString_(value: str) -> MLFeatureValue:  # noqa: N802
        return feature_value(value)

    @staticmethod
    def featureValueWithDictionary_error_(value: Any, error: None) -> tuple[Any, Any]:  # noqa: N802
        return feature_value({key: value.objectForKey_(key) for key in value}), None

    @staticmethod
    def featureValueWithPixelBuffer_(value: quartz.CVPixelBuffer) -> MLFeatureValue:  # noqa: N802
        return feature_value(value)

    def type(self) -> int:
        kinds = {
            MLMultiArray: "MultiArray",
            quartz.CVPixelBuffer: "Image",
            str: "String",
            int: "Int64",
            float: "Double",
            dict: "Dictionary",
        }
        name = next((name for kind, name in kinds.items() if isinstance(self._value, kind)), "Sequence")
        return ENUMS[f"MLFeatureType{name}"]

    def multiArrayValue(self) -> MLMultiArray:  # noqa: N802
        return self._value  # type: ignore[no-any-return]

    def imageBufferValue(self) -> quartz.CVPixelBuffer:  # noqa: N802
        return self._value  # type: ignore[no-any-return]

    def int64Value(self) -> int:  # noqa: N802
        return self._value  # type: ignore[no-any-return]

    def doubleValue(self) -> float:  # noqa: N802
        return self._value  # type: ignore[no-any-return]

    def stringValue(self) -> str:  # noqa: N802
        return ns_text(self._value)

    def dictionaryValue(self) -> Any:  # noqa: N802
        return ns_dictionary(self._value)


def feature_value(value: Any) -> MLFeatureValue:
    """Return a value; an array of numpy becomes one of the framework's own."""
    made = MLFeatureValue()
    made._value = multi_array(value) if isinstance(value, np.ndarray) else value
    if isinstance(value, Image.Image):
        made._value = quartz.from_image(value)
    return made


class MLDictionaryFeatureProvider(ObjCObject):
    _features: dict[str, MLFeatureValue]

    def initWithDictionary_error_(self, values: Any, error: None) -> tuple[Any, Any]:  # noqa: N802
        self._features = {str(key): values.objectForKey_(key) for key in values}
        return self, None

    def featureNames(self) -> NSArray:  # noqa: N802
        return ns_array([ns_text(name) for name in self._features])

    def featureValueForName_(self, name: str) -> MLFeatureValue:  # noqa: N802
        return self._features[name]


class MLArrayBatchProvider(ObjCObject):
    _providers: list[MLDictionaryFeatureProvider]

    def initWithFeatureProviderArray_(self, providers: NSArray) -> MLArrayBatchProvider:  # noqa: N802
        self._providers = list(providers)
        return self

    def count(self) -> int:
        return len(self._providers)

    def featuresAtIndex_(self, index: int) -> MLDictionaryFeatureProvider:  # noqa: N802
        return self._providers[index]


class MLPredictionOptions(ObjCObject):
    _backings: Mapping[str, MLMultiArray] = {}

    def setOutputBackings_(self, backings: Any) -> None:  # noqa: N802
        self._backings = {str(name): backings.objectForKey_(name) for name in backings}


class MLOptimizationHints(ObjCObject):
    _hints: dict[str, int]

    def init(self) -> MLOptimizationHints:
        self._hints = {}
        return self

    def setReshapeFrequency_(self, value: int) -> None:  # noqa: N802
        self._hints["reshapeFrequency"] = value

    def setSpecializationStrategy_(self, value: int) -> None:  # noqa: N802
        self._hints["specializationStrategy"] = value


class MLModelConfiguration(ObjCObject):
    _units = "ALL"
    _function = ""
    _hints: Mapping[str, int] = {}

    def setComputeUnits_(self, units: int) -> None:  # noqa: N802
        self._units = _UNITS[units]

    def setFunctionName_(self, name: str) -> None:  # noqa: N802
        self._function = name

    def setOptimizationHints_(self, hints: MLOptimizationHints) -> None:  # noqa: N802
        self._hints = {**self._hints, **hints._hints}

    def setAllowLowPrecisionAccumulationOnGPU_(self, allow: bool) -> None:  # noqa: N802
        self._hints = {**self._hints, "allowLowPrecisionAccumulationOnGPU": allow}


class MLState(ObjCObject):
    _tensors: Any

    def getMultiArrayForStateNamed_handler_(self, name: str, handler: Callable[[MLMultiArray], None]) -> None:  # noqa: N802
        made = MLMultiArray()
        made._view = self._tensors.arrays[name]
        handler(made)


class MLModelAsset(ObjCObject):
    _package: Any

    @staticmethod
    def modelAssetWithSpecificationData_error_(data: Any, error: None) -> tuple[Any, Any]:  # noqa: N802
        return _asset(data._content, {}), None

    @staticmethod
    def modelAssetWithSpecificationData_blobMapping_error_(  # noqa: N802
        data: Any,
        blobs: Any,
        error: None,
    ) -> tuple[Any, Any]:
        return _asset(data._content, {url.path(): blobs.objectForKey_(url)._content for url in blobs}), None


def _asset(content: bytes, blobs: dict[str, bytes]) -> MLModelAsset:
    from pytest_coreml.reference.format.package import MemoryPackage

    made = MLModelAsset()
    made._package = MemoryPackage(content, blobs)
    return made


class MLModelDescription(ObjCObject):
    _states: tuple[str, ...]

    def stateDescriptionsByName(self) -> Any:  # noqa: N802
        return ns_dictionary({ns_text(name): None for name in self._states})


class MLModel(ObjCObject):
    """A model that the reference runtime executes."""

    _model: Any
    _path: str
    _units: str

    @staticmethod
    def compileModelAtURL_error_(url: NSURL, error: None) -> tuple[Any, Any]:  # noqa: N802
        try:
            compiled = compiler.compile_model(url.path(), _NativeError)
        except _NativeError as failure:
            return None, ns_error(str(failure))
        return NSURL.fileURLWithPath_(compiled), None

    @staticmethod
    def modelWithContentsOfURL_configuration_error_(  # noqa: N802
        url: NSURL,
        configuration: MLModelConfiguration,
        error: None,
    ) -> tuple[Any, Any]:
        return _load(url.path(), configuration, lambda: read_package(url.path()))

    @staticmethod
    def loadModelAsset_configuration_completionHandler_(  # noqa: N802
        asset: MLModelAsset,
        configuration: MLModelConfiguration,
        handler: Callable[[Any, Any], None],
    ) -> None:
        answer_later(handler, lambda: _load("", configuration, lambda: asset._package))

    def modelDescription(self) -> MLModelDescription:  # noqa: N802
        made = MLModelDescription()
        made._states = tuple(port.name for port in self._model.states)
        return made

    def newState(self) -> MLState:  # noqa: N802
        from pytest_coreml.reference.execution.state import StateTensors

        enter("state", self._path, self._units)
        made = MLState()
        made._tensors = StateTensors(self._model.states)
        return made

    def predictionFromFeatures_options_error_(  # noqa: N802
        self, features: Any, options: MLPredictionOptions, error: None
    ) -> tuple[Any, Any]:
        return self._predict(features, options, None)

    def predictionFromFeatures_usingState_options_error_(  # noqa: N802
        self, features: Any, state: MLState, options: MLPredictionOptions, error: None
    ) -> tuple[Any, Any]:
        return self._predict(features, options, state)

    def predictionFromFeatures_options_completionHandler_(  # noqa: N802
        self, features: Any, options: MLPredictionOptions, handler: Callable[[Any, Any], None]
    ) -> None:
        answer_later(handler, lambda: self._predict(features, options, None))

    def predictionsFromBatch_options_error_(  # noqa: N802
        self, batch: MLArrayBatchProvider, options: MLPredictionOptions, error: None
    ) -> tuple[Any, Any]:
        answers = [self._predict(features, MLPredictionOptions(), None) for features in batch._providers]
        failed = next((failure for result, failure in answers if result is None), None)
        made = MLArrayBatchProvider()
        made._providers = [result for result, _ in answers]
        return (made, None) if failed is None else (None, failed)

    def _predict(self, features: Any, options: MLPredictionOptions, state: MLState | None) -> tuple[Any, Any]:
        from pytest_coreml.reference.errors import ReferenceRuntimeError
        from pytest_coreml.reference.execution.loaded_model import predict_into

        ignored = current().scenario.objc.ignored_backings
        backings = {name: array._view for name, array in options._backings.items() if name not in ignored}
        inputs = {name: _plain(value._value) for name, value in features._features.items()}
        current().note("objc input", types={name: str(getattr(value, "dtype", "")) for name, value in inputs.items()})
        try:
            enter("predict", self._path, self._units, dress=_NativeError)
            outputs, _ = predict_into(self._model, inputs, state and state._tensors, backings)
        except (ReferenceRuntimeError, _NativeError) as failure:
            return None, ns_error(str(failure))
        except NoResultError:
            return None, None
        made = MLDictionaryFeatureProvider()
        made._features = {name: self._value(name, value, options, backings) for name, value in outputs.items()}
        return made, None

    def _value(
        self, name: str, value: Any, options: MLPredictionOptions, backings: Mapping[str, NDArray[Any]]
    ) -> MLFeatureValue:
        if value is backings.get(name, ...):
            return feature_value(options._backings[name])
        # Core ML gives half precision as such.
        return feature_value(value.astype(np.float16) if name in self._half else value)

    @property
    def _half(self) -> frozenset[str]:
        outputs = self._description.output
        half = 65552
        return frozenset(each.name for each in outputs if each.type.multiArrayType.dataType == half)


def _plain(value: Any) -> Any:
    if isinstance(value, quartz.CVPixelBuffer):
        return quartz.to_image(value)
    return np.ascontiguousarray(value._view) if isinstance(value, MLMultiArray) else value


def read_package(path: str) -> Any:
    """Return a compiled model of the stand-in as the reference runtime reads it."""
    from pytest_coreml.reference.format.package import MemoryPackage, open_compiled

    folder = Path(path)
    if (folder / "model.mil").is_file():
        return open_compiled(folder)
    compiler.read_compiled(path)
    blobs = {f.relative_to(folder).as_posix(): f.read_bytes() for f in folder.rglob("weights/*") if f.is_file()}
    return MemoryPackage((folder / "coremldata.bin").read_bytes(), blobs)


def _load(path: str, configuration: MLModelConfiguration, read: Callable[[], Any]) -> tuple[Any, Any]:
    from pytest_coreml.reference.errors import ReferenceRuntimeError
    from pytest_coreml.reference.execution.loaded_model import load_model
    from pytest_coreml.reference.format.proto import read_spec
    from pytest_coreml.reference.options import RuntimeOptions

    settings = {"function": configuration._function, "hints": dict(configuration._hints), "asset": not path}
    try:
        enter("load", path, configuration._units, dress=_NativeError, **settings)
        package = read()
        spec = read_spec(package)
        made = MLModel()
        made._model = load_model(package, spec, configuration._function, RuntimeOptions())
    except (ReferenceRuntimeError, _NativeError) as failure:
        return None, ns_error(str(failure))
    made._path, made._units = path, configuration._units
    made._description = _description(spec, configuration._function)
    return made, None


def _description(spec: Any, function: str) -> Any:
    functions = {each.name: each for each in spec.description.functions}
    return functions.get(function or spec.description.defaultFunctionName, spec.description)


def answer_later(handler: Callable[[Any, Any], None], work: Callable[[], tuple[Any, Any]]) -> None:
    """Work on a thread of the framework's own, and call the handler there, as often as the scenario wants."""
    objc = current().scenario.objc

    def run() -> None:
        result, error = work()
        threading.Event().wait(objc.late_ms / 1e3)
        for _ in range(objc.answers):
            handler(result, error)

    threading.Thread(target=run, daemon=True).start()
