"""Core ML by coremltools, which is also the way to the reference runtime."""

from __future__ import annotations

import contextlib
import time
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from pytest_coreml.engine.server.messages import Subject, cause
from pytest_coreml.errors import ModelError
from pytest_coreml.facts.compute_units import COREMLTOOLS_NAMES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pytest_coreml.engine.protocol import Features, Inputs, Load, LoadAgain, ProfileOperations
    from pytest_coreml.engine.server.core_ml_api import Api, Arrays, Model, PreparedCall


class LoadedModel:
    """A model that coremltools has loaded. *subject* names it in messages."""

    keeps_half = False

    def __init__(self, model: Any, subject: Subject) -> None:
        self._model = model
        self.subject = subject

    @property
    def load_ms(self) -> float:
        """The native time of the load, in ms."""
        return _milliseconds(self._proxy.get_load_duration_in_nano_seconds(), "load")

    @property
    def _proxy(self) -> Any:
        # A compiled model has no public duration, `MLModel` has no fixed path: this is the one private name we use.
        return self._model._proxy

    @property
    def is_direct(self) -> bool:
        """True if there is `predict_into`: not through coremltools on Core ML."""
        return hasattr(self._proxy, "predict_into")

    def prepare(self, inputs: Inputs, arrays: Arrays | None = None, *, in_flight: bool = False) -> PreparedCall:  # noqa: ARG002  (each call may be one of several)
        """Return the prediction with *inputs*, past coremltools' conventions if there are *arrays*."""
        if arrays is None or isinstance(inputs, list):
            return _Call(lambda state: self.predict(_copied(inputs), state))
        own = dict(arrays)
        return _Call(lambda state: self.predict_into(inputs, state, own))

    def predict(self, inputs: Inputs, state: Any = None) -> tuple[Inputs, float, float]:
        """Predict once, or with a batch; return outputs, native and wall time in ms.

        Raises `ModelError` when the framework fails.
        """
        start = time.perf_counter_ns()
        with self._failures():
            outputs = self._model.predict(inputs, state)
        wall = time.perf_counter_ns() - start
        # Only after a call that returned: a failed one leaves the duration of an earlier call.
        return outputs, _milliseconds(self._proxy.get_last_predict_duration_in_nano_seconds(), "predict"), wall / 1e6

    def predict_into(self, inputs: Features, state: Any, backings: dict[str, Any]) -> tuple[Inputs, float, float]:
        """Predict once, past coremltools: with arrays of the declared types, and arrays for outputs.

        Return as `predict` does; an output that the framework wrote into its array is that very array. Threads may call
        this at the same time. Raises `ModelError` when the framework fails.
        """
        start = time.perf_counter_ns()
        with self._failures():
            outputs, native = self._proxy.predict_into(inputs, state and state.__proxy__, backings)
        return outputs, native / 1e6, (time.perf_counter_ns() - start) / 1e6

    @contextlib.contextmanager
    def _failures(self) -> Iterator[None]:
        try:
            yield
        except RuntimeError as error:
            raise ModelError(f"{self.subject}: the prediction failed: {self.subject.cause(error)}") from error

    def make_state(self) -> Any:
        """Make a fresh state. Raises `ModelError` where the framework cannot, as before macOS 15."""
        try:
            return self._model.make_state()
        except Exception as error:
            raise ModelError(f"{self.subject}: cannot make a state: {self.subject.cause(error)}") from error


class _Call:
    """A prediction by *predict*, which takes the state, and returns outputs, native and wall time."""

    def __init__(self, predict: Callable[[Any], tuple[Inputs, float, float]]) -> None:
        self._predict = predict
        self._outputs: Inputs = {}

    def __call__(self, state: Any) -> tuple[float, float]:
        self._outputs, native_ms, wall_ms = self._predict(state)
        return native_ms, wall_ms

    def outputs(self) -> Inputs:
        return self._outputs


class _CoreMLTools:
    """coremltools' `CompiledMLModel` and `compile_model`."""

    def compile_model(self, path: str, target: Path) -> None:
        """Compile the model at *path* to *target*."""
        from coremltools.models.utils import compile_model

        try:
            compile_model(path, str(target))
        except Exception as error:
            why = cause(error).removeprefix(f"{path}: ")
            raise ModelError(f"{path}: cannot be compiled: {why}") from error

    def from_path(self, request: Load | LoadAgain | ProfileOperations, subject: Subject) -> Callable[[], Model]:
        """Return the load of the compiled model of *subject*."""
        from coremltools.models import CompiledMLModel

        path, arguments = str(subject.compiled), _arguments(request)
        return lambda: LoadedModel(_load(lambda: CompiledMLModel(path, **arguments), subject), subject)

    def from_memory(self, request: Load, subject: Subject) -> Callable[[], Model]:
        """Return the load from the bytes of the model."""
        from coremltools.models import CompiledMLModel
        from coremltools.models.model import MLModelAsset

        from pytest_coreml.engine.server.specification import model_bytes

        specification, blobs = model_bytes(Path(request.path))
        try:
            asset = MLModelAsset.from_memory(specification, blobs)
        except Exception as error:
            raise ModelError(f"{subject}: cannot be loaded from memory: {subject.cause(error)}") from error
        arguments = _arguments(request)
        return lambda: LoadedModel(_load(lambda: CompiledMLModel.from_asset(asset, **arguments), subject), subject)


COREMLTOOLS: Final[Api] = _CoreMLTools()


def _copied(inputs: Inputs) -> Inputs:
    """Return fresh dicts: coremltools changes those that it gets."""
    return [dict(each) for each in inputs] if isinstance(inputs, list) else dict(inputs)


def _arguments(request: Load | LoadAgain | ProfileOperations) -> dict[str, Any]:
    import coremltools

    enums = {
        "reshapeFrequency": coremltools.ReshapeFrequency,
        "specializationStrategy": coremltools.SpecializationStrategy,
    }
    hints = {name: enums[name][str(word)] if name in enums else word for name, word in request.options.hints}
    return {
        "compute_units": coremltools.ComputeUnit[COREMLTOOLS_NAMES[request.compute_units]],
        "function_name": request.options.function,
        "optimization_hints": hints or None,
    }


def _load(make: Callable[[], Any], subject: Subject) -> Any:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            model = make()
        except Exception as error:
            raise ModelError(f"{subject}: cannot be loaded: {subject.cause(error)}") from error
    if getattr(model, "_proxy", None) is None:
        # coremltools turns some errors of a load into a warning, and others into nothing.
        why = subject.cause(str(caught[-1].message)) if caught else "coremltools returned no model and no reason"
        raise ModelError(f"{subject}: cannot be loaded: {why}")
    return model


def _milliseconds(nanoseconds: int | None, what: str) -> float:
    if nanoseconds is None:
        raise ModelError(f"coremltools returned no {what} duration; coremltools 8.3 or later is needed")
    return nanoseconds / 1e6
