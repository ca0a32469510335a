"""Predict with the loaded model, and measure it, in the ways that requests ask for."""

from __future__ import annotations

import contextlib
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from pytest_coreml.engine.example_inputs import example_inputs
from pytest_coreml.engine.protocol import Prediction
from pytest_coreml.engine.server.in_flight import InFlight
from pytest_coreml.engine.server.inputs import prepare_batch, prepare_call
from pytest_coreml.engine.server.measure import Duration, measure
from pytest_coreml.engine.server.output_arrays import OutputArrays
from pytest_coreml.engine.server.run_queue import open_run_queue
from pytest_coreml.engine.server.state_sequence import StateSequence
from pytest_coreml.engine.server.uniform_outputs import find_uniform
from pytest_coreml.errors import InputError
from pytest_coreml.facts.io import IO

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from contextlib import AbstractContextManager

    from pytest_coreml.engine.protocol import Backing, Features, Inputs, Measure, MeasurePairs, Predict
    from pytest_coreml.engine.server.core_ml_api import Model
    from pytest_coreml.engine.server.measure import Call, Report
    from pytest_coreml.engine.server.pinned_inputs import PinnedInputs
    from pytest_coreml.engine.server.recorder import Recorder
    from pytest_coreml.facts.io import OutputPlace
    from pytest_coreml.facts.measurement import Measurement
    from pytest_coreml.facts.model_spec import ModelSpec


class Predictor:
    """Calls *model*, which *spec* describes. *pinned*: keeps the inputs alive; None where that is not needed.
    *recorder*: records predictions for a timeline; None for no timeline.

    There are two ways to call it: through coremltools, by whose conventions float16 becomes float32, and directly, with
    arrays of the declared types and output backings.
    """

    def __init__(
        self, model: Model, spec: ModelSpec, pinned: PinnedInputs | None, recorder: Recorder | None = None
    ) -> None:
        self.recorder = recorder
        self.model = model
        self.spec = spec
        self.first_ms: float | None = None
        """Native time of the first prediction after loading."""
        self._pinned = pinned
        self._delay = open_run_queue()

    def predict(self, request: Predict, state: Any) -> Prediction:
        """Predict once, or a batch. *state*: None for a fresh one."""
        is_direct = bool(request.backings)
        slot = self.slot(self.prepare(request.inputs, is_direct), request.backings, is_direct)
        own = state if state is not None else self.fresh_state()
        delay = self._delay if request.reads_waiting else None
        before = delay.read_ms() if delay else 0.0
        native_ms, wall_ms = slot.predict(own)
        wait_ms = max(0.0, delay.read_ms() - before) if delay and delay.complete else None
        outputs, io = slot.settle()
        return Prediction(outputs, native_ms, wall_ms, io, wait_ms, find_uniform(outputs))

    def outputs(self, state: Any, values: Features) -> Features:
        """Return the outputs of one prediction."""
        slot = self.slot(self.prepare(values, direct=False), {})
        slot.predict(state)
        outputs, _ = slot.settle()
        assert isinstance(outputs, dict), "one mapping of inputs gives one of outputs"
        return outputs

    def measure(self, request: Measure, report: Report) -> Measurement:
        """Warm up, and measure."""
        is_direct = bool(request.backings) or request.in_flight > 1
        inputs = self.inputs_of(request, direct=is_direct)
        parallel = request.in_flight > 1
        slots = [self.slot(inputs, request.backings, is_direct, in_flight=parallel) for _ in range(request.in_flight)]
        io = self._tried(slots[0])
        items = len(inputs) if isinstance(inputs, list) else 1
        calls = [self.sequence(slot, request.sequence) for slot in slots]
        if len(calls) == 1:
            measured = measure(partial(_one_by_one, calls[0]), _length(request), self.first_ms, report)
        else:
            measured = self._measure_in_flight(calls, request, report)
        return replace(measured, items=items, io=io, uniform_outputs=find_uniform(slots[0].outputs()))

    def _measure_in_flight(self, calls: Sequence[Call], request: Measure, report: Report) -> Measurement:
        pools: list[InFlight] = []

        def begin() -> AbstractContextManager[Call]:
            for call in calls:
                _restart(call)
            pools.append(InFlight(calls))
            return pools[-1].running()

        # Predictions in flight wait for each other, and that is part of what is measured.
        measured = measure(begin, _length(request), self.first_ms, report, open_delay=lambda: None)
        return replace(measured, in_flight=len(calls), elapsed_ms=pools[-1].elapsed_ms)

    def repeated(self, request: Measure) -> Call:
        """Return the call that a measurement repeats, one at a time."""
        is_direct = bool(request.backings)
        slot = self.slot(self.inputs_of(request, direct=is_direct), request.backings, is_direct)
        return self.sequence(slot, request.sequence)

    def sequence(self, slot: Slot, length: int | None) -> Call:
        """Return the repeated call of *slot*. *length*: of a sequence over one state, if it is known."""
        if not self.spec.states:
            return lambda: slot.predict(None)
        return StateSequence(slot.predict, self.model.make_state, length)

    def slot(
        self, inputs: Inputs, backings: Mapping[str, Backing], is_direct: bool = False, *, in_flight: bool = False
    ) -> Slot:
        """Return a slot for prepared *inputs*.

        *is_direct*: that predicts with arrays of the declared types. *in_flight*: at the same time as others.
        """
        name = self.spec.file_name
        if is_direct and isinstance(inputs, list):
            raise InputError(
                f"{name}: a batch takes no output backings, which Core ML ignores there, and is not kept in flight"
            )
        if is_direct and not self.model.is_direct:
            raise InputError(
                f"{name}: coremltools passes no output backings to Core ML, and makes one prediction at a time; "
                "--coreml-api=pyobjc does more, and so does the reference runtime (--coreml-runtime=reference)"
            )
        return Slot(self, inputs, OutputArrays(backings) if is_direct else None, in_flight=in_flight)

    def fresh_state(self) -> Any:
        """Return an empty state, None for a model without states."""
        return self.model.make_state() if self.spec.states else None

    def inputs_of(self, request: Measure | MeasurePairs, *, direct: bool = False) -> Inputs:
        """Return the prepared inputs of each call, example inputs if *request* has none."""
        if request.inputs is not None:
            return self.prepare(request.inputs, direct)
        features = self.spec.inputs
        if request.batch is None:
            return self.prepare(example_inputs(features), direct)
        return self.prepare([example_inputs(features, seed) for seed in range(request.batch)], direct)

    def prepare(self, values: Inputs, direct: bool) -> Inputs:
        """Return inputs as the framework takes them; *direct*: of the declared types, half precision included."""
        if isinstance(values, list):
            batch = prepare_batch(values, self.spec, keeps_half=self.model.keeps_half)
            return [self._pinned.pin(inputs) for inputs in batch] if self._pinned else batch
        inputs = prepare_call(values, self.spec, keeps_half=direct or self.model.keeps_half)
        return self._pinned.pin(inputs) if self._pinned else inputs

    def _tried(self, slot: Slot) -> IO:
        """Return how arrays enter and leave the framework; a prediction finds out whether it honours backings."""
        if slot.is_direct:
            slot.predict(self.fresh_state())
        return slot.settle()[1]


class Slot:
    """Room for one prediction at a time: inputs, and, if it is direct, arrays for outputs."""

    def __init__(
        self, predictor: Predictor, inputs: Inputs, arrays: OutputArrays | None, *, in_flight: bool = False
    ) -> None:
        self._predictor = predictor
        self._inputs = inputs
        self._arrays = arrays
        self._call = predictor.model.prepare(inputs, arrays.arrays if arrays is not None else None, in_flight=in_flight)

    @property
    def is_direct(self) -> bool:
        """True if it predicts with arrays of the declared types."""
        return self._arrays is not None

    def predict(self, state: Any) -> tuple[float, float]:
        """Predict once with *state*, None for a model without states; return native and wall time in ms."""
        native_ms, wall_ms = self._call(state)
        if self._predictor.first_ms is None:
            self._predictor.first_ms = native_ms
        if self._predictor.recorder is not None:
            self._predictor.recorder.note_prediction(native_ms, wall_ms, self._inputs, self._call.outputs())
        return native_ms, wall_ms

    def outputs(self) -> Inputs:
        """Return the outputs of the last prediction."""
        return self._call.outputs()

    def settle(self) -> tuple[Inputs, IO]:
        """Complete the arrays for outputs after a prediction; return the outputs, and how arrays went in and out."""
        first = self._inputs[0] if isinstance(self._inputs, list) else self._inputs
        types = {name: str(value.dtype) for name, value in first.items() if isinstance(value, np.ndarray)}
        spec, outputs = self._predictor.spec, self._call.outputs()
        places: dict[str, OutputPlace] = {
            feature.name: "copied" for feature in spec.outputs if feature.kind == "multiArray"
        }
        if self._arrays is not None and isinstance(outputs, dict):
            places |= self._arrays.settle(outputs, spec.file_name)
        return outputs, IO(types, places)


def _length(request: Measure) -> int | Duration:
    return request.calls if request.seconds is None else Duration(request.seconds)


@contextlib.contextmanager
def _one_by_one(call: Call) -> Iterator[Call]:
    _restart(call)
    yield call


def _restart(call: Call) -> None:
    # Calls fill a state: every sequence of them begins with an empty one.
    if isinstance(call, StateSequence):
        call.restart()
