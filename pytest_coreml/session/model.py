"""The loaded model that a test holds."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, overload

from pytest_coreml.engine import protocol
from pytest_coreml.engine.example_inputs import example_inputs
from pytest_coreml.errors import InputError, hidden_for_ours, shown
from pytest_coreml.facts.compute_units import ALLOWED_DEVICES, OBSERVABLE_DEVICES
from pytest_coreml.session.last_use import LastUse
from pytest_coreml.session.model_state import CoreMLState
from pytest_coreml.session.positive_arguments import positive, positive_number
from pytest_coreml.session.sent_values import batch_of, fill_backings, kept_inputs

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence

    import numpy as np

    from pytest_coreml.engine.lease import EngineKey, Lease
    from pytest_coreml.engine.plans import Plans
    from pytest_coreml.facts.compute_units import ComputeUnits, Device
    from pytest_coreml.facts.io import IO
    from pytest_coreml.facts.load_options import LoadOptions
    from pytest_coreml.facts.measurement import LoadTimes, Measurement
    from pytest_coreml.facts.model_spec import ModelSpec
    from pytest_coreml.facts.observed import Observed
    from pytest_coreml.facts.placement import Placement
    from pytest_coreml.facts.runtime import Runtime
    from pytest_coreml.facts.timeline import Recording
    from pytest_coreml.session.observations import Observations

__tracebackhide__ = hidden_for_ours


@dataclass(frozen=True)
class Listeners:
    """Functions that are called while models are loaded and used; none by default."""

    progress: Callable[[str, protocol.Progress], None] = lambda *_: None
    """Gets the name of a model and what an engine is doing with it."""
    used: Callable[[CoreMLModel], None] = lambda _: None
    """Gets a model before each use of it."""
    predicted: Callable[[CoreMLModel, protocol.Prediction, float], None] = lambda *_: None
    """Gets a model, a prediction it has made, and the `time.perf_counter` at which that was asked for."""
    current_test: Callable[[], str | None] = lambda: None
    """Returns the name of the running attempt at a test, None between tests."""
    announced: Callable[[str], None] = lambda _: None
    """Gets a line of text that must be read while the run goes on, also where there is no terminal."""
    recorded: Callable[[Recording], None] | None = None
    """Gets what engines record for a timeline; None for no timeline."""
    reads_waiting: Callable[[], bool] = lambda: False
    """Returns True while predictions need `Prediction.wait_ms`, which takes time to read."""


class CoreMLModel:
    """A model, loaded in an engine process for one configuration."""

    path: Path
    """The model file or package."""
    compute_units: ComputeUnits
    """The compute units, by their Swift name."""
    function: str | None
    """The function that the test named; None for the default one."""
    runtime: Runtime
    """The runtime that executes the model: `coreml` or `reference`."""
    spec: ModelSpec
    """The description of the model, read from its files."""
    load_times: LoadTimes
    """The compile and load times, in ms."""

    def __init__(
        self,
        lease: Lease,
        plans: Plans,
        calls: int,
        listeners: Listeners | None = None,
        observations: Callable[[], Observations] | None = None,
    ) -> None:
        self._plans = plans
        self._observations = observations
        self._calls = calls
        self._listeners = listeners or Listeners()
        self.is_of_fixture = False
        """True if a fixture gave it to a test: the next test gets the one that is on disk then."""
        self.bind(lease)
        self.last = LastUse()
        """The use that the current test has made of the model."""

    def bind(self, lease: Lease) -> None:
        """Be the model that *lease* has loaded."""
        self._lease = lease
        self.path = Path(lease.key.path)
        self.compute_units = lease.key.compute_units
        self.load_options: LoadOptions = lease.key.options
        self.function = lease.key.options.function
        self.spec = lease.loaded.spec
        self.load_times = lease.loaded.times
        self.runtime = lease.loaded.runtime

    def __repr__(self) -> str:
        return f"<CoreMLModel {self.name} on {self.compute_units}>"

    def forget_test(self) -> None:
        """Forget what the test before did with the model."""
        self.last = LastUse()

    @property
    def lease(self) -> Lease:
        """The lease that the model is loaded in."""
        return self._lease

    def holds(self, lease: Lease) -> bool:
        """Return True if the model is loaded in *lease*."""
        return self._lease is lease

    @property
    def key(self) -> EngineKey:
        """The key of what the engine has loaded."""
        return self._lease.key

    @property
    def io(self) -> IO | None:
        """The handling of input and output arrays in the last prediction; None before the first one."""
        return self.last.io

    @property
    def name(self) -> str:
        """The name of the model file or package."""
        return self.spec.file_name

    @property
    def sha256(self) -> str:
        """The digest of the model's files, without the package's manifest."""
        return self.spec.sha256

    def example_inputs(self, seed: int = 0) -> dict[str, Any]:
        """Return random inputs that the model accepts; the same *seed* makes the same inputs.

        Floating-point arrays are in [0, 1), integer arrays hold 0 and 1, and images are noise.
        Optional inputs are left out.
        """
        return example_inputs(self.spec.inputs, seed)

    @overload
    def predict(
        self,
        inputs: Mapping[str, Any],
        state: CoreMLState | None = None,
        output_backings: Mapping[str, np.ndarray[Any, Any]] | None = None,
    ) -> dict[str, Any]: ...

    @overload
    def predict(self, inputs: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]: ...

    def predict(
        self,
        inputs: Mapping[str, Any] | Sequence[Mapping[str, Any]],
        state: CoreMLState | None = None,
        output_backings: Mapping[str, np.ndarray[Any, Any]] | None = None,
    ) -> dict[str, Any] | list[dict[str, Any]]:
        """Predict once and return the outputs by name.

        A list of inputs, all with the same names, is a batch: one call of the framework's batch API, which returns a
        list of outputs. Stateful models do not support batches.

        Values follow coremltools' conventions: numpy arrays, PIL images, numbers, strings, dictionaries.
        Half-precision outputs are returned as float32. A stateful model without *state* gets an empty temporary one.

        *output_backings*: arrays of the declared types and shapes, by output. The framework writes into them, and they
        are returned as the outputs. Half-precision inputs and outputs are then not converted. `io` names
        the arrays that the framework filled itself.

        Raise `InputError` for a wrong name, type or shape, for a state of another model, and for an array that cannot
        be an output backing. Raise `ModelError` if the framework fails.
        """
        since = time.perf_counter()
        values, backings = kept_inputs(inputs), self._backings(output_backings)
        self._listeners.used(self)
        number = self._number_of(state)
        answer = self._lease.predict(values, number, backings, reads_waiting=self._listeners.reads_waiting())
        last = self.last
        last.inputs, last.backings, last.io = values, backings, answer.io
        last.note_uniform(answer.uniform)
        if state is not None:
            last.longest_sequence = max(last.longest_sequence, state.count_use(self.function))
        outputs = fill_backings(answer.outputs, output_backings or {})
        self._listeners.predicted(self, answer, since)
        return outputs

    def _backings(self, arrays: Mapping[str, np.ndarray[Any, Any]] | None) -> dict[str, protocol.Backing]:
        if not arrays:
            return {}
        from pytest_coreml.engine.output_backings import check_backings

        return check_backings(arrays, self.spec)

    def _number_of(self, state: CoreMLState | None) -> int | None:
        if state is None:
            return None
        if not isinstance(state, CoreMLState):
            raise InputError(f"{self.name}: state: expected the result of make_state(), got {shown(state)}")
        return state.number_in(self._lease)

    def make_state(self) -> CoreMLState:
        """Return a new empty state. Raise `InputError` if the model is not stateful."""
        self._listeners.used(self)
        return CoreMLState(self._lease, self._lease.ask(protocol.MakeState()))

    def measure(  # noqa: PLR0913 (what a test author may choose)
        self,
        inputs: Mapping[str, Any] | Sequence[Mapping[str, Any]] | None = None,
        calls: int | None = None,
        *,
        seconds: float | None = None,
        batch: int | None = None,
        in_flight: int = 1,
        output_backings: Mapping[str, np.ndarray[Any, Any]] | None = None,
    ) -> Measurement:
        """Warm up and measure *calls* predictions with *inputs*, or a sustained load of *seconds*.

        The default of *calls* is `--coreml-calls`, the default of *inputs* is `example_inputs()`.

        *batch*: each call predicts a batch of this size, of the same *inputs*, or of different example inputs without
        *inputs*. A list of inputs is a batch too.

        *in_flight*: this number of predictions runs at the same time. Native times are those under load, and
        `throughput` is the number of predictions that end in a second.

        *output_backings*: the framework writes into arrays of the same types and shapes in the engine process.

        *seconds*: `sustained_ms` is judged by a sustained load. The other limits are judged by the other measurement of
        the test.

        Raise `InputError` if *calls*, *batch* or *in_flight* is not a positive whole number, if *seconds* is not a
        positive number, or if both *seconds* and *calls* are given. Raise it if *batch* differs from the length of the
        list, and if *in_flight* is more than 1 on a runtime that makes one prediction at a time. Raise the errors of
        `predict`.
        """
        wanted = self._calls if calls is None else positive("measure(calls=...)", calls)
        size = None if batch is None else positive("measure(batch=...)", batch)
        values = batch_of(kept_inputs(inputs), size) if inputs is not None else None
        backings, parallel = self._backings(output_backings), positive("measure(in_flight=...)", in_flight)
        if seconds is not None and calls is not None:
            raise InputError("measure(): pass calls= or seconds=, not both")
        duration = None if seconds is None else positive_number("measure(seconds=...)", seconds)
        return self._measure(protocol.Measure(values, wanted, size, self.last.sequence, backings, parallel, duration))

    def sustain_like_last(self, inputs: protocol.Inputs | None, seconds: float) -> Measurement:
        """Measure a sustained load of *seconds*, of calls as in `measure_like_last`."""
        return self._measure(replace(self.last.request_like_it(self._calls, inputs), seconds=seconds))

    def measure_like_last(self, inputs: protocol.Inputs | None) -> Measurement:
        """Measure calls like the last prediction, or with *inputs* if there was none."""
        return self._measure(self.last.request_like_it(self._calls, inputs))

    def _measure(self, request: protocol.Measure) -> Measurement:
        self._listeners.used(self)
        measurement = self._lease.measure(request)
        last = self.last
        last.note_uniform(measurement.uniform_outputs)
        if request.seconds is not None:
            last.sustained = measurement
        else:
            last.request, last.measurement = request, measurement
        return measurement

    @property
    def memory_mb(self) -> float:
        """The growth of the engine's peak memory since before loading, in 10^6 bytes."""
        return self._lease.ask(protocol.ReadMemory())

    @property
    def placement(self) -> Placement:
        """The planned placement of every operation; it is `unknown` if there is no plan.

        Raise `EngineError` if reading the plan crashed Core ML.
        """
        return self._plans.placement(self._lease)

    @property
    def observed(self) -> Observed:
        """The devices that worked according to counters of the system, in predictions like those measured last.

        The first use takes some seconds, because the model is loaded in other processes. A device without a readable
        counter is `unavailable`, as every device is on systems other than macOS.
        """
        permitted = ALLOWED_DEVICES[self.compute_units]
        return self.observe([device for device in OBSERVABLE_DEVICES if device in permitted])

    def observe(self, wanted: Collection[Device] | None) -> Observed:
        """Return the observed devices, as `Observations.observe` does."""
        assert self._observations is not None, "the models of a session have them"
        like = self.last.request or self.last.request_like_it(self._calls)
        self.last.observed = self._observations().observe(self._lease, like, wanted)
        return self.last.observed

    @property
    def known_placement(self) -> Placement:
        """The placement, or an unknown one with the reason if reading the plan crashed Core ML."""
        return self._plans.placement_or_reason(self._lease)
