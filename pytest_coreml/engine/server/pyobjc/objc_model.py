"""A model that PyObjC has loaded, and predictions with it."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from pytest_coreml.engine.server.pyobjc.completions import Completion
from pytest_coreml.engine.server.pyobjc.foundation_objects import array, dictionary
from pytest_coreml.engine.server.pyobjc.frameworks import failures, pool, reason
from pytest_coreml.engine.server.pyobjc.multi_arrays import address, wrap
from pytest_coreml.engine.server.pyobjc.objc_states import ObjCState
from pytest_coreml.engine.server.pyobjc.objc_values import from_feature_value, to_feature_value
from pytest_coreml.errors import InputError, ModelError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pytest_coreml.engine.protocol import Features, Inputs
    from pytest_coreml.engine.server.core_ml_api import Arrays, PreparedCall
    from pytest_coreml.engine.server.messages import Subject

_PREDICTION = "the prediction failed"


class ObjCModel:
    """An `MLModel`. *load_ms*: the time around the call that loaded it. *subject* names it in messages."""

    keeps_half = True
    is_direct = True

    def __init__(self, native: Any, load_ms: float, subject: Subject) -> None:
        self.native = native
        self.load_ms = load_ms
        self.subject = subject

    def prepare(self, inputs: Inputs, arrays: Arrays | None = None, *, in_flight: bool = False) -> PreparedCall:
        """Return the prediction with *inputs*, which takes and fills arrays without conversion.

        Raises `InputError` for an image without PyObjC's wrapper of Quartz, and for predictions in flight where this
        macOS has none.
        """
        with pool(), failures(self.subject, "the inputs cannot be passed to Core ML"):
            if isinstance(inputs, list):
                return BatchCall(self, inputs)
            return (AsyncCall if in_flight else Call)(self, inputs, arrays or {})

    def make_state(self) -> ObjCState:
        """Make a fresh state. Raises `ModelError` where the framework cannot, as before macOS 15."""
        with pool(), failures(self.subject, "cannot make a state"):
            names = frozenset(map(str, self.native.modelDescription().stateDescriptionsByName()))
            return ObjCState(self.native.newState(), names)


class _ObjCCall:
    """A prediction with objects that are made once, and hold no reference to Python's own containers."""

    def __init__(self, model: ObjCModel) -> None:
        import CoreML

        self._model = model
        self._options = CoreML.MLPredictionOptions.alloc().init()
        self._result: Any = None

    def __call__(self, state: ObjCState | None) -> tuple[float, float]:
        """Predict; return native and wall time in ms. Raises `ModelError` when the framework fails."""
        subject, start = self._model.subject, time.perf_counter_ns()
        with pool(), failures(subject, _PREDICTION):
            result, error, native_ns = self._send(state)
            if result is None:
                raise ModelError(f"{subject}: {_PREDICTION}: {subject.cause(reason(error))}")
            # The former result is released within the pool, too.
            self._result = result
            del result
        return native_ns / 1e6, (time.perf_counter_ns() - start) / 1e6

    def _send(self, state: ObjCState | None) -> tuple[Any, Any, int]:
        """Return result, error, and the time in ns of the framework's own call, which PyObjC makes without the GIL."""
        raise NotImplementedError

    def outputs(self) -> Inputs:
        """Return the outputs of the last prediction; one that is at the address of its array is that array."""
        if self._result is None:
            return {}
        with pool(), failures(self._model.subject, "an output cannot be read"):
            return self._read()

    def _read(self) -> Inputs:
        raise NotImplementedError


class Call(_ObjCCall):
    """A prediction with one set of inputs, and with arrays for outputs."""

    def __init__(self, model: ObjCModel, inputs: Features, arrays: Arrays) -> None:
        super().__init__(model)
        # The objects of Core ML borrow the memory of both.
        self._inputs, self._arrays = inputs, arrays
        self._provider = _provider(inputs)
        if arrays:
            self._options.setOutputBackings_(dictionary({name: wrap(values) for name, values in arrays.items()}))

    def _send(self, state: ObjCState | None) -> tuple[Any, Any, int]:
        native, provider, options = self._model.native, self._provider, self._options
        if state is None:
            predict = native.predictionFromFeatures_options_error_
            start = time.perf_counter_ns()
            result, error = predict(provider, options, None)
            return result, error, time.perf_counter_ns() - start
        predict = native.predictionFromFeatures_usingState_options_error_
        start = time.perf_counter_ns()
        result, error = predict(provider, state.native, options, None)
        return result, error, time.perf_counter_ns() - start

    def _read(self) -> Inputs:
        return _features(self._result, self._arrays)


class AsyncCall(Call):
    """A prediction by the asynchronous call, the one of which Core ML allows several at a time.

    One call of it is in flight at a time, since it has one set of arrays.
    """

    def __init__(self, model: ObjCModel, inputs: Features, arrays: Arrays) -> None:
        super().__init__(model, inputs, arrays)
        self._last: Completion | None = None
        if not hasattr(model.native, "predictionFromFeatures_options_completionHandler_"):
            raise InputError(f"{model.subject}: predictions in flight need macOS 14 or later")

    def _send(self, state: ObjCState | None) -> tuple[Any, Any, int]:
        self._check_last()
        native, completion = self._model.native, Completion()
        if state is None:
            predict = native.predictionFromFeatures_options_completionHandler_
            start = time.perf_counter_ns()
            predict(self._provider, self._options, completion.make_handler())
        else:
            predict = _stateful_async(self._model)
            start = time.perf_counter_ns()
            predict(self._provider, state.native, self._options, completion.make_handler())
        result, error, at = completion.wait()
        self._last = completion
        return result, error, at - start

    def _check_last(self) -> None:
        if self._last is not None and self._last.calls > 1:
            raise ModelError(
                f"{self._model.subject}: Core ML answered a prediction {self._last.calls} times; the times of "
                "predictions in flight cannot be trusted"
            )


class BatchCall(_ObjCCall):
    """A call of the batch API, which ignores arrays for outputs."""

    def __init__(self, model: ObjCModel, batch: list[Features]) -> None:
        import CoreML

        super().__init__(model)
        self._batch = batch
        self._providers = CoreML.MLArrayBatchProvider.alloc().initWithFeatureProviderArray_(
            array(map(_provider, batch))
        )

    def _send(self, state: ObjCState | None) -> tuple[Any, Any, int]:  # noqa: ARG002  (stateful models have no batches)
        predict = self._model.native.predictionsFromBatch_options_error_
        start = time.perf_counter_ns()
        result, error = predict(self._providers, self._options, None)
        return result, error, time.perf_counter_ns() - start

    def _read(self) -> Inputs:
        return [_features(self._result.featuresAtIndex_(index), {}) for index in range(self._result.count())]


def _stateful_async(model: ObjCModel) -> Any:
    predict = getattr(model.native, "predictionFromFeatures_usingState_options_completionHandler_", None)
    if predict is None:
        raise InputError(f"{model.subject}: this macOS keeps no predictions with a state in flight")
    return predict


def _provider(inputs: Features) -> Any:
    import CoreML

    values = dictionary({name: to_feature_value(value) for name, value in inputs.items()})
    provider, error = CoreML.MLDictionaryFeatureProvider.alloc().initWithDictionary_error_(values, None)
    if provider is None:
        raise ModelError(f"the inputs cannot be passed to Core ML: {reason(error)}")
    return provider


def _features(provider: Any, arrays: Mapping[str, Any]) -> Features:
    return {
        name: _output(provider.featureValueForName_(name), arrays.get(name))
        for name in map(str, provider.featureNames())
    }


def _output(value: Any, array_of_caller: Any) -> Any:
    if array_of_caller is not None and address(value.multiArrayValue()) == array_of_caller.ctypes.data:
        return array_of_caller
    return from_feature_value(value)
