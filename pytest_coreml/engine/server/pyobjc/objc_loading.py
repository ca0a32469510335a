"""Compile and load models by PyObjC."""

from __future__ import annotations

import shutil
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from pytest_coreml.engine.server.pyobjc.completions import Completion
from pytest_coreml.engine.server.pyobjc.foundation_objects import data, dictionary, file_url, relative_url
from pytest_coreml.engine.server.pyobjc.frameworks import failures, pool, reason
from pytest_coreml.engine.server.pyobjc.objc_model import ObjCModel
from pytest_coreml.errors import ModelError

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_coreml.engine.protocol import Load, LoadAgain, ProfileOperations
    from pytest_coreml.engine.server.core_ml_api import Api
    from pytest_coreml.engine.server.messages import Subject
    from pytest_coreml.facts.compute_units import ComputeUnits
    from pytest_coreml.facts.load_options import LoadOptions

_UNITS: Final[dict[ComputeUnits, str]] = {
    "all": "MLComputeUnitsAll",
    "cpuAndGPU": "MLComputeUnitsCPUAndGPU",
    "cpuOnly": "MLComputeUnitsCPUOnly",
    "cpuAndNeuralEngine": "MLComputeUnitsCPUAndNeuralEngine",
}
_LOAD: Final = "cannot be loaded"


class _PyObjC:
    """Core ML's own `compileModelAtURL`, `modelWithContentsOfURL` and `loadModelAsset`."""

    def compile_model(self, path: str, target: Path) -> None:
        """Compile the model at *path* to *target*."""
        import CoreML

        with pool():
            try:
                compiled, error = CoreML.MLModel.compileModelAtURL_error_(file_url(path), None)
            except Exception as failure:
                raise ModelError(f"{path}: cannot be compiled: {failure}") from failure
            if compiled is None:
                why = reason(error).removeprefix(f"{path}: ")
                raise ModelError(f"{path}: cannot be compiled: {why}")
            # Core ML compiles to a temporary folder of its own.
            shutil.move(str(compiled.path()), target)

    def from_path(self, request: Load | LoadAgain | ProfileOperations, subject: Subject) -> Callable[[], ObjCModel]:
        """Return the load of the compiled model of *subject*."""

        def open_path() -> tuple[Any, Any, int]:
            import CoreML

            url, configuration = (
                file_url(str(subject.compiled)),
                make_configuration(request.compute_units, request.options),
            )
            start = time.perf_counter_ns()
            model, error = CoreML.MLModel.modelWithContentsOfURL_configuration_error_(url, configuration, None)
            return model, error, time.perf_counter_ns() - start

        return lambda: _load(open_path, request.options, subject)

    def from_memory(self, request: Load, subject: Subject) -> Callable[[], ObjCModel]:
        """Return the load from the bytes of the model."""
        with pool(), failures(subject, f"{_LOAD} from memory"):
            asset = _asset(Path(request.path), subject)

        def open_asset() -> tuple[Any, Any, int]:
            import CoreML

            configuration, completion = make_configuration(request.compute_units, request.options), Completion()
            start = time.perf_counter_ns()
            CoreML.MLModel.loadModelAsset_configuration_completionHandler_(
                asset, configuration, completion.make_handler()
            )
            model, error, at = completion.wait()
            return model, error, at - start

        return lambda: _load(open_asset, request.options, subject)


PYOBJC: Final[Api] = _PyObjC()


def make_configuration(units: ComputeUnits, options: LoadOptions) -> Any:
    """Return the `MLModelConfiguration` with compute units, function and hints."""
    import CoreML

    configuration = CoreML.MLModelConfiguration.alloc().init()
    configuration.setComputeUnits_(getattr(CoreML, _UNITS[units]))
    if options.function is not None:
        configuration.setFunctionName_(options.function)
    hints = dict(options.hints)
    low_precision = hints.pop("allowLowPrecisionAccumulationOnGPU", None)
    if low_precision is not None:
        configuration.setAllowLowPrecisionAccumulationOnGPU_(low_precision)
    if hints:
        configuration.setOptimizationHints_(_optimization_hints(hints))
    return configuration


def _optimization_hints(hints: dict[str, Any]) -> Any:
    import CoreML

    made = CoreML.MLOptimizationHints.alloc().init()
    if "reshapeFrequency" in hints:
        made.setReshapeFrequency_(getattr(CoreML, f"MLReshapeFrequencyHint{hints['reshapeFrequency']}"))
    if "specializationStrategy" in hints:
        made.setSpecializationStrategy_(getattr(CoreML, f"MLSpecializationStrategy{hints['specializationStrategy']}"))
    return made


def _load(open_model: Callable[[], tuple[Any, Any, int]], options: LoadOptions, subject: Subject) -> ObjCModel:
    with pool(), failures(subject, _LOAD):
        model, error, native_ns = open_model()
    if model is None:
        # A hint can make a load fail that works without it.
        hints = ", ".join(f"{name}={value}" for name, value in options.hints)
        with_hints = f" (with the hints {hints})" if hints else ""
        raise ModelError(f"{subject}: {_LOAD}: {subject.cause(reason(error))}{with_hints}")
    return ObjCModel(model, native_ns / 1e6, subject)


def _asset(path: Path, subject: Subject) -> Any:
    import CoreML

    from pytest_coreml.engine.server.specification import model_bytes

    specification, blobs = model_bytes(path)
    if blobs:
        mapping = dictionary({relative_url(name): data(content) for name, content in blobs.items()})
        asset, error = CoreML.MLModelAsset.modelAssetWithSpecificationData_blobMapping_error_(
            data(specification), mapping, None
        )
    else:
        asset, error = CoreML.MLModelAsset.modelAssetWithSpecificationData_error_(data(specification), None)
    if asset is None:
        raise ModelError(f"{subject}: {_LOAD} from memory: {subject.cause(reason(error))}")
    return asset
