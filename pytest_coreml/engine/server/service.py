"""Handle the requests to an engine, one method a request."""

from __future__ import annotations

import contextlib
import itertools
import platform
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytest_coreml.engine import protocol
from pytest_coreml.engine.protocol import Progress
from pytest_coreml.engine.server.pinned_inputs import PinnedInputs
from pytest_coreml.errors import EngineError, InputError, ModelError
from pytest_coreml.facts.runtime import RuntimeFacts

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pytest_coreml.engine.server.load import LoadedModel
    from pytest_coreml.engine.server.measure import Call
    from pytest_coreml.engine.server.memory import PeakMemory
    from pytest_coreml.facts.measurement import Measurement, Pairs
    from pytest_coreml.facts.model_spec import ModelSpec
    from pytest_coreml.facts.placement import Placement
    from pytest_coreml.facts.runtime import DeviceFacts, Runtime
    from pytest_coreml.reference.options import Precision

_NO_ACCESS = "cannot read or write state {!r}, or pass it to another function: coremltools 9.0 or later is needed"


class Service:
    """The state of an engine: at most one model, its states, and its inputs.

    *runtime*: `auto`, `coreml` or `reference`. *folder*: for compiled models; the client removes it. *notify*: sends
    heartbeats. *precision*, *threads*: of the reference runtime.
    """

    def __init__(
        self, runtime: str, folder: str, precision: Precision, notify: Callable[[Progress], None], threads: int = 1
    ) -> None:
        self._wanted_runtime = runtime
        self._folder = Path(folder)
        self._precision = precision
        self._threads = threads
        self._notify = notify
        self._runtime: Runtime = "reference"
        self._model: LoadedModel | None = None
        self._spec: ModelSpec | None = None
        self._first_ms: float | None = None
        self._memory: PeakMemory | None = None
        self._states: dict[int, Any] = {}
        self._state_numbers = itertools.count(1)
        self._pinned = PinnedInputs()
        self._handlers: dict[type, Callable[[Any], object]] = {
            protocol.Hello: self._hello,
            protocol.ListDevices: self._list_devices,
            protocol.SaveTinyModel: self._save_tiny_model,
            protocol.Describe: self._describe,
            protocol.Load: self._load,
            protocol.LoadAgain: self._load_again,
            protocol.Predict: self._predict,
            protocol.MakeState: self._make_state,
            protocol.ReadState: self._read_state,
            protocol.WriteState: self._write_state,
            protocol.DropState: self._drop_state,
            protocol.Measure: self._measure,
            protocol.MeasurePairs: self._measure_pairs,
            protocol.ReadPlan: self._read_plan,
            protocol.ReadMemory: self._read_memory,
        }

    def handle(self, request: object) -> object:
        """Handle *request*; return the answer that its type declares."""
        return self._handlers[type(request)](request)

    def _hello(self, _: protocol.Hello) -> RuntimeFacts:
        import os

        from pytest_coreml.engine.server import coremltools_import

        self._runtime = runtime = coremltools_import.import_coremltools(
            self._wanted_runtime, self._precision, self._threads
        )
        import coremltools

        return RuntimeFacts(
            pid=os.getpid(),
            python=platform.python_version(),
            coremltools=coremltools.__version__,
            runtime=runtime,
            runtime_version=coremltools_import.runtime_version(runtime),
            threads=self._threads if runtime == "reference" else None,
            precision=self._precision if runtime == "reference" else None,
        )

    def _list_devices(self, _: protocol.ListDevices) -> tuple[DeviceFacts, ...] | None:
        from pytest_coreml.engine.server.devices import list_devices

        return list_devices()

    def _save_tiny_model(self, request: protocol.SaveTinyModel) -> None:
        from pytest_coreml.engine.server.tiny_model import save_tiny_model

        save_tiny_model(request.path)

    def _describe(self, request: protocol.Describe) -> ModelSpec:
        from pytest_coreml.engine.server.specification import describe

        return describe(request.path, request.function)

    def _load(self, request: protocol.Load) -> protocol.Loaded:
        from pytest_coreml.engine.server import load
        from pytest_coreml.engine.server.memory import PeakMemory
        from pytest_coreml.engine.server.specification import describe

        self._spec = describe(request.path, request.options.function)
        self._memory = PeakMemory()
        self._model, times = load.load(request, self._folder, lambda doing: self._notify(Progress(doing)))
        self._first_ms = None
        return protocol.Loaded(self._spec, times, self._runtime, str(self._model.compiled))

    def _load_again(self, request: protocol.LoadAgain) -> float:
        from pytest_coreml.engine.server import load

        return load.load_again(request)

    def _predict(self, request: protocol.Predict) -> protocol.Prediction:
        inputs = self._prepared(request.inputs)
        state = self._states[request.state] if request.state is not None else self._fresh_state()
        outputs, native_ms, wall_ms = self._call(inputs, state)
        return protocol.Prediction(outputs, native_ms, wall_ms)

    def _measure(self, request: protocol.Measure) -> Measurement:
        from pytest_coreml.engine.server.measure import measure

        inputs = self._inputs_of(request)

        return measure(
            self._sequences(inputs, request.sequence),
            request.calls,
            self._first_ms,
            lambda doing, done, total: self._notify(Progress(doing, done, total)),
            items=len(inputs) if isinstance(inputs, list) else 1,
        )

    def _measure_pairs(self, request: protocol.MeasurePairs) -> Pairs:
        from pytest_coreml.engine.server.measure import measure_pairs

        inputs = self._inputs_of(request)
        begin = self._sequences(inputs, request.sequence)
        other = self._load_other(request)

        def predict_other(state: Any) -> tuple[float, float]:
            try:
                return other.predict(_copied(inputs), state)[1:]
            except (ModelError, ValueError, TypeError) as error:
                name = Path(request.other).name
                raise ModelError(f"{name}, to compare with, does not predict on the same inputs: {error}") from error

        return measure_pairs(
            begin(),
            self._sequence_of_other(request, predict_other, other),
            request.pairs,
            lambda doing, done, total: self._notify(Progress(doing, done, total)),
        )

    def _load_other(self, request: protocol.MeasurePairs) -> LoadedModel:
        """Load the model to compare with; errors name it as that model."""
        from pytest_coreml.engine.server import load

        order = protocol.Load(request.other, request.compute_units, request.options)
        aim = f"{Path(request.other).name} to compare with"
        with _naming_other():
            return load.load(order, self._folder, lambda doing: self._notify(Progress(f"{doing} {aim}")))[0]

    def _sequence_of_other(
        self, request: protocol.MeasurePairs, predict: Callable[[Any], tuple[float, float]], other: LoadedModel
    ) -> Call:
        from pytest_coreml.engine.server.state_sequence import StateSequence

        def make_state() -> Any:
            with _naming_other():
                return other.make_state()

        if not self._loaded()[1].states:
            return lambda: predict(None)
        return StateSequence(predict, make_state, request.sequence)

    def _sequences(self, inputs: protocol.Inputs, length: int | None) -> Callable[[], Call]:
        """Return a function that begins a sequence of calls: each begins with an empty state, which its calls fill."""
        from pytest_coreml.engine.server.state_sequence import StateSequence

        if not self._loaded()[1].states:
            return lambda: lambda: self._call(inputs, None)[1:]
        sequence = StateSequence(lambda state: self._call(inputs, state)[1:], self._fresh_state, length)

        def begin() -> Call:
            sequence.restart()
            return sequence

        return begin

    def _fresh_state(self) -> Any:
        model, spec = self._loaded()
        return model.make_state() if spec.states else None

    def _make_state(self, _: protocol.MakeState) -> int:
        model, spec = self._loaded()
        if not spec.states:
            raise InputError(f"{spec.file_name} has no states; only stateful models have make_state()")
        number = next(self._state_numbers)
        self._states[number] = model.make_state()
        return number

    def _read_state(self, request: protocol.ReadState) -> object:
        try:
            return self._states[request.state].read_state(request.name)
        except RuntimeError as error:
            raise InputError(f"cannot read state {request.name!r}: {error}") from error
        except AttributeError as error:
            raise InputError(_NO_ACCESS.format(request.name)) from error

    def _write_state(self, request: protocol.WriteState) -> None:
        import numpy as np

        try:
            # The native module rejects half precision and converts from single precision.
            value = self._pinned.pin({"value": np.array(request.value, dtype=np.float32)})["value"]
            self._states[request.state].write_state(request.name, value)
        except (RuntimeError, ValueError, TypeError) as error:
            raise InputError(f"cannot write state {request.name!r}: {error}") from error
        except AttributeError as error:
            raise InputError(_NO_ACCESS.format(request.name)) from error

    def _drop_state(self, request: protocol.DropState) -> None:
        self._states.pop(request.state, None)

    def _read_plan(self, request: protocol.ReadPlan) -> Placement:
        from pytest_coreml.engine.server.plan import read_plan

        return read_plan(request.path, request.compute_units, request.function)

    def _read_memory(self, _: protocol.ReadMemory) -> float:
        return self._memory.growth_bytes() / 1e6 if self._memory is not None else 0.0

    def _loaded(self) -> tuple[LoadedModel, ModelSpec]:
        if self._model is None or self._spec is None:
            raise EngineError("no model is loaded in this engine")
        return self._model, self._spec

    def _inputs_of(self, request: protocol.Measure | protocol.MeasurePairs) -> protocol.Inputs:
        """Return the prepared inputs of each call, example inputs if *request* has none."""
        from pytest_coreml.engine.example_inputs import example_inputs

        if request.inputs is not None:
            return self._prepared(request.inputs)
        inputs = self._loaded()[1].inputs
        if request.batch is None:
            return self._prepared(example_inputs(inputs))
        return self._prepared([example_inputs(inputs, seed) for seed in range(request.batch)])

    def _prepared(self, values: protocol.Inputs) -> protocol.Inputs:
        from pytest_coreml.engine.server.inputs import prepare_batch, prepare_call

        spec = self._loaded()[1]
        if isinstance(values, list):
            return [self._kept(inputs) for inputs in prepare_batch(values, spec)]
        return self._kept(prepare_call(values, spec))

    def _kept(self, inputs: protocol.Features) -> protocol.Features:
        return self._pinned.pin(inputs) if self._runtime == "coreml" else inputs

    def _call(self, inputs: protocol.Inputs, state: object) -> tuple[protocol.Inputs, float, float]:
        result = self._loaded()[0].predict(_copied(inputs), state)
        if self._first_ms is None:
            self._first_ms = result[1]
        return result


def _copied(inputs: protocol.Inputs) -> protocol.Inputs:
    """Return fresh dicts: coremltools changes those that it gets."""
    return [dict(each) for each in inputs] if isinstance(inputs, list) else dict(inputs)


@contextlib.contextmanager
def _naming_other() -> Iterator[None]:
    """Let an error say that it is about the model to compare with."""
    try:
        yield
    except ModelError as error:
        raise ModelError(f"the model to compare with: {error}") from error
