"""The loaded model that a test holds."""

from __future__ import annotations

import contextlib
import math
import operator
import time
import weakref
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, overload

from pytest_coreml.engine import protocol
from pytest_coreml.engine.example_inputs import example_inputs
from pytest_coreml.errors import InputError, hidden_for_ours, shown
from pytest_coreml.facts.compute_units import ALLOWED_DEVICES, OBSERVABLE_DEVICES

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

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
    from pytest_coreml.facts.uniform_output import UniformOutput
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


class CoreMLState:
    """A state of a stateful model, made by `CoreMLModel.make_state` and passed to `predict`."""

    def __init__(self, lease: Lease, number: int) -> None:
        self._uses: Counter[str | None] = Counter()
        self._hold(lease, number)

    def _hold(self, lease: Lease, number: int) -> None:
        self._lease, self._engine, self._number = lease, lease.engine, number
        # The state of a language model can be a gigabyte.
        self._drop = weakref.finalize(self, lease.drop_later, lease.engine, number)
        self._drop.atexit = False

    @property
    def number(self) -> int:
        """The engine's number of this state; `InputError` if the engine that held it has ended."""
        if not self._lease.is_open_in(self._engine):
            raise InputError(
                f"{self._lease.subject}: the state is lost: the model was closed, because other models needed its "
                "room, or the tests of its file were over; make a new one with make_state()"
            )
        return self._number

    def number_in(self, lease: Lease) -> int:
        """Return the number of this state for the model in *lease*.

        A state of one function of a model file can go on with another function of it: it is copied to the engine of
        that one. Raises `InputError` if it belongs to another model, or the functions have different states.
        """
        if self._lease is not lease:
            # Numbers are unique within one engine only.
            self._move(lease)
        return self.number

    def _move(self, lease: Lease) -> None:
        self._check_movable(lease)
        # Before the other engine is asked, which may have to be opened in the room of this one.
        values = {state.name: self.read_state(state.name) for state in lease.loaded.spec.states}
        number = lease.ask(protocol.MakeState())
        self._drop()
        self._hold(lease, number)
        for name, value in values.items():
            self.write_state(name, value)

    def _check_movable(self, lease: Lease) -> None:
        subject, former = lease.subject, self._lease.subject
        if not lease.key.is_of_same_file(self._lease.key):
            raise InputError(f"{subject}: the state belongs to {former}; make one with this model's make_state()")
        ours, theirs = ([(state.name, state.shape) for state in it.loaded.spec.states] for it in (self._lease, lease))
        if sorted(ours) != sorted(theirs):
            raise InputError(
                f"{subject}: the state of function {self._lease.key.options.function!r} has {_tensors(ours)}, and that "
                f"of {lease.key.options.function!r} {_tensors(theirs)}"
            )

    def count_use(self, model: CoreMLModel) -> int:
        """Count a prediction that *model* has made with this state, and return their number."""
        self._uses[model.function] += 1
        return self._uses[model.function]

    def read_state(self, name: str) -> Any:
        """Return the tensor *name* as a numpy array, half precision as float32."""
        return self._lease.ask(protocol.ReadState(self.number, name))

    def write_state(self, name: str, value: Any) -> None:
        """Write an array of the declared shape to the tensor *name*."""
        self._lease.ask(protocol.WriteState(self.number, name, plain(value, f"state {name!r}")))


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
    io: IO | None
    """The way of arrays into and out of the framework in the last prediction; None before the first one."""

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
        # The inputs of the current test's last prediction, and its last measurements.
        self.last_inputs: protocol.Inputs | None = None
        self.last_backings: dict[str, protocol.Backing] = {}
        self.io: IO | None = None
        self.measurement: Measurement | None = None
        self.sustained: Measurement | None = None
        self.measured_with: protocol.Measure | None = None
        self.last_observed: Observed | None = None
        self._uniform: dict[str, UniformOutput] | None = None
        # The most predictions that the current test has made with one state.
        self._longest_sequence = 0

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
        self.last_inputs = self.measurement = self.sustained = self.measured_with = self.io = None
        self.last_observed = None
        self.last_backings = {}
        self._longest_sequence = 0
        self._uniform = None

    @property
    def sequence(self) -> int | None:
        """The number of predictions after which a measurement goes on with a fresh state; None for no limit."""
        # One prediction is not a sequence: a state for each call would make its first use a part of the times.
        return self._longest_sequence if self._longest_sequence > 1 else None

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
        list of outputs. Stateful models have no batches.

        Values follow coremltools' conventions: numpy arrays, PIL images, numbers, strings, dictionaries.
        Half-precision outputs are returned as float32. A stateful model without *state* gets an empty temporary one.

        *output_backings*: arrays of the declared types and shapes, by output, into which the framework writes; they are
        returned as the outputs. Half precision is then neither converted on the way in nor on the way out, and `io`
        tells which arrays the framework filled itself.

        Raise `InputError` for a wrong name, type or shape, for a state of another model, and for an array that cannot
        be an output backing, and `ModelError` if the framework fails.
        """
        since = time.perf_counter()
        values, backings = _kept_inputs(inputs), self._backings(output_backings)
        self._listeners.used(self)
        number = self._number_of(state)
        answer = self._lease.predict(values, number, backings, reads_waiting=self._listeners.reads_waiting())
        self.last_inputs, self.last_backings, self.io = values, backings, answer.io
        self._note_uniform(answer.uniform)
        if state is not None:
            self._longest_sequence = max(self._longest_sequence, state.count_use(self))
        outputs = _filled(answer.outputs, output_backings or {})
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
        """Return a new empty state; raise `InputError` if the model is not stateful."""
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

        The default of *calls* is `--coreml-calls`, the default of *inputs* is `example_inputs()`. With *batch*, or a
        list of inputs, each call predicts a batch: *batch* times the same inputs, or as many different example inputs.
        With *in_flight*, that many predictions run at the same time: native times are those under load, and
        `throughput` is the number that ends in a second. With *output_backings*, the framework writes into arrays of
        the same types and shapes in the engine process. A sustained load is kept beside the other measurement of the
        test: `sustained_ms` is judged by it, and the other limits are not.

        Raise `InputError` if *calls*, *batch* or *in_flight* is not a positive whole number, *seconds* not a positive
        number, or given beside *calls*, if *batch* differs from
        the length of the list, if the runtime makes one prediction at a time and *in_flight* asks for more,
        and the errors of `predict`.
        """
        wanted = self._calls if calls is None else positive("measure(calls=...)", calls)
        size = None if batch is None else positive("measure(batch=...)", batch)
        values = _batch_of(_kept_inputs(inputs), size) if inputs is not None else None
        backings, parallel = self._backings(output_backings), positive("measure(in_flight=...)", in_flight)
        if seconds is not None and calls is not None:
            raise InputError("measure(): pass calls= or seconds=, not both")
        duration = None if seconds is None else positive_number("measure(seconds=...)", seconds)
        return self._measure(protocol.Measure(values, wanted, size, self.sequence, backings, parallel, duration))

    def sustain_like_last(self, inputs: protocol.Inputs | None, seconds: float) -> Measurement:
        """Measure a sustained load of *seconds*, of calls as in `measure_like_last`."""
        return self._measure(replace(self._like_last(inputs), seconds=seconds))

    def measure_like_last(self, inputs: protocol.Inputs | None) -> Measurement:
        """Measure calls like the last prediction, or with *inputs* if there was none."""
        return self._measure(self._like_last(inputs))

    def _like_last(self, inputs: protocol.Inputs | None) -> protocol.Measure:
        values = inputs if self.last_inputs is None else self.last_inputs
        return protocol.Measure(values, self._calls, None, self.sequence, self.last_backings)

    def _measure(self, request: protocol.Measure) -> Measurement:
        self._listeners.used(self)
        measurement = self._lease.measure(request)
        self._note_uniform(measurement.uniform_outputs)
        if request.seconds is not None:
            self.sustained = measurement
        else:
            self.measured_with, self.measurement = request, measurement
        return measurement

    def _note_uniform(self, found: tuple[UniformOutput, ...]) -> None:
        """Keep the outputs that were uniform in each prediction so far; zeros for one input mean nothing yet."""
        named = {uniform.output: uniform for uniform in found}
        kept = named if self._uniform is None else self._uniform
        self._uniform = {name: uniform for name, uniform in kept.items() if name in named}

    @property
    def uniform_outputs(self) -> list[UniformOutput]:
        """The outputs whose elements were all equal in each prediction that the current test has made."""
        return list((self._uniform or {}).values())

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
        """The devices that counters of the system show at work, in predictions like those measured last.

        The first use takes some seconds: the model is loaded in other processes. A device is `unavailable` where no
        counter can tell, as on other systems than macOS.
        """
        permitted = ALLOWED_DEVICES[self.compute_units]
        return self.observe([device for device in OBSERVABLE_DEVICES if device in permitted])

    def observe(self, wanted: Collection[Device] | None) -> Observed:
        """Return the observed devices, as `Observations.observe` does."""
        assert self._observations is not None, "the models of a session have them"
        inputs, backings = self.last_inputs, self.last_backings
        like = self.measured_with or protocol.Measure(inputs, self._calls, None, self.sequence, backings)
        self.last_observed = self._observations().observe(self._lease, like, wanted)
        return self.last_observed

    @property
    def known_placement(self) -> Placement:
        """The placement, or an unknown one with the reason if reading the plan crashed Core ML."""
        return self._plans.placement_or_reason(self._lease)


def positive(name: str, value: Any) -> int:
    """Return an argument as an int; raise `InputError`, naming it, if it is not a positive whole number."""
    with contextlib.suppress(TypeError):
        # True would count as 1, which is not what a caller means.
        if not isinstance(value, bool) and (number := operator.index(value)) > 0:
            return number
    raise InputError(f"{name}: expected a positive whole number, got {shown(value)}")


def positive_number(name: str, value: Any) -> float:
    """Return an argument as a float; raise `InputError`, naming it, if it is not a positive finite number."""
    with contextlib.suppress(TypeError, ValueError):
        if not isinstance(value, (bool, str)) and 0 < (number := float(value)) < math.inf:
            return number
    raise InputError(f"{name}: expected a positive number, got {shown(value)}")


def _tensors(states: list[tuple[str, tuple[int, ...]]]) -> str:
    return ", ".join(f"{name} {shape}" for name, shape in states) or "no tensors"


def _batch_of(inputs: protocol.Inputs, size: int | None) -> protocol.Inputs:
    """Return *inputs* as a batch of *size*, unchanged for None; raise `InputError` for a list of another length."""
    if size is None:
        return inputs
    if not isinstance(inputs, list):
        return [inputs] * size
    if len(inputs) != size:
        raise InputError(f"measure(batch={size}): the list has {len(inputs)} sets of inputs; leave out batch=")
    return inputs


def _filled(outputs: protocol.Inputs, arrays: Mapping[str, np.ndarray[Any, Any]]) -> protocol.Inputs:
    """Write the outputs of the engine's arrays into the caller's *arrays*, which become the outputs."""
    if isinstance(outputs, list):
        return outputs
    for name, array in arrays.items():
        array[...] = outputs[name]
    return {**outputs, **arrays}


def _kept_inputs(inputs: Mapping[str, Any] | Sequence[Mapping[str, Any]]) -> protocol.Inputs:
    if isinstance(inputs, Mapping):
        return _kept(inputs)
    if isinstance(inputs, (list, tuple)) and all(isinstance(each, Mapping) for each in inputs):
        return [_kept(each) for each in inputs]
    raise InputError(f"inputs: expected a dict of input names to values, or a list of such dicts, got {shown(inputs)}")


def _kept(inputs: Mapping[str, Any]) -> dict[str, Any]:
    # Measured again after the test's body, which may have filled its arrays, images or dictionaries with other values.
    values = {name: plain(value, f"input {name!r}") for name, value in inputs.items()}
    return {name: value.copy() if hasattr(value, "copy") else value for name, value in values.items()}


def plain(value: Any, what: str = "value") -> Any:
    """Convert *value* for sending: torch tensors and lists of numbers become numpy arrays.

    Raise `InputError`, naming *what* and its type, for numbers of a type that neither numpy nor Core ML has, such as
    bfloat16: the engine process could not read them.
    """
    if hasattr(value, "detach"):
        value = value.detach().cpu()
        try:
            value = value.numpy()
        except TypeError as error:
            raise InputError(f"{what}: Core ML has no type {value.dtype}; convert it: x.float()") from error
    if isinstance(value, (list, tuple)) and value and not isinstance(value[0], str):
        import numpy as np

        value = np.asarray(value)
    if getattr(getattr(value, "dtype", None), "kind", None) == "V":
        raise InputError(f"{what}: Core ML has no type {value.dtype}; convert it: x.astype('float32')")
    return value
