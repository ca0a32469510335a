"""The loaded model that a test holds."""

from __future__ import annotations

import contextlib
import operator
import time
import weakref
from typing import TYPE_CHECKING, Any

from pytest_coreml.engine import protocol
from pytest_coreml.engine.example_inputs import example_inputs
from pytest_coreml.errors import InputError, hidden_for_ours
from pytest_coreml.session.native_clock import CLOCK

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from pytest_coreml.engine.lease import Key, Lease
    from pytest_coreml.engine.plans import Plans
    from pytest_coreml.facts.compute_units import ComputeUnits
    from pytest_coreml.facts.load_options import LoadOptions
    from pytest_coreml.facts.measurement import LoadTimes, Measurement
    from pytest_coreml.facts.model_spec import ModelSpec
    from pytest_coreml.facts.placement import Placement
    from pytest_coreml.facts.runtime import Runtime

__tracebackhide__ = hidden_for_ours


class CoreMLState:
    """A state of a stateful model: what `CoreMLModel.make_state` gives and `predict` takes."""

    def __init__(self, lease: Lease, number: int) -> None:
        self._lease = lease
        self._engine = lease.engine
        self._number = number
        # The state of a language model can be a gigabyte.
        weakref.finalize(self, lease.forget, lease.engine, number).atexit = False

    @property
    def number(self) -> int:
        """How the engine calls it; `InputError` when its engine is gone, and the state with it."""
        if not self._lease.is_open_in(self._engine):
            raise InputError(
                f"{self._lease.subject}: the state is lost, since the model was closed meanwhile: others needed its "
                "room, or the tests of its file were over; make a new one with make_state()"
            )
        return self._number

    def number_in(self, lease: Lease) -> int:
        """Give its number to a model that lives in *lease*; `InputError` when it is another's state: numbers are of an
        engine, and the other model may have one of the same number."""
        if self._lease is not lease:
            raise InputError(
                f"{lease.subject}: the state belongs to {self._lease.subject}; make one with this model's make_state()"
            )
        return self.number

    def read_state(self, name: str) -> Any:
        """Give the tensor *name* as a numpy array, half precision as float32."""
        return self._lease.ask(protocol.ReadState(self.number, name))

    def write_state(self, name: str, value: Any) -> None:
        """Write an array of the declared shape to the tensor *name*."""
        self._lease.ask(protocol.WriteState(self.number, name, plain(value)))


class CoreMLModel:
    """A model, loaded in an engine process for one compute-units setting.

    *name*: file name. *path*, *sha256*: of the model file or package. *compute_units*: the setting, by its Swift name.
    *function*: the function that the test named, None for the default one. *runtime*: `coreml` or `reference`. *spec*:
    what the model says of itself, a `ModelSpec`. *load_times*: what compiling and loading took, in ms, as `LoadTimes`.
    """

    def __init__(
        self, lease: Lease, plans: Plans, path: Path, calls: int, watch: Callable[[CoreMLModel], None]
    ) -> None:
        self._lease = lease
        self._plans = plans
        self._calls = calls
        self._watch = watch
        self.path = path
        self.compute_units: ComputeUnits = lease.key.compute_units
        self.load_options: LoadOptions = lease.key.options
        self.function = lease.key.options.function
        self.spec: ModelSpec = lease.loaded.spec
        self.load_times: LoadTimes = lease.loaded.times
        self.runtime: Runtime = lease.loaded.runtime
        # What the last prediction of the present test was made with, and what was measured in it.
        self.last_inputs: dict[str, Any] | None = None
        self.measurement: Measurement | None = None
        self.measured_with: tuple[dict[str, Any] | None, int] | None = None

    def __repr__(self) -> str:
        return f"<CoreMLModel {self.name} on {self.compute_units}>"

    @property
    def lease(self) -> Lease:
        """What the model lives in."""
        return self._lease

    def holds(self, lease: Lease) -> bool:
        """Say whether the model lives in the engine of *lease*."""
        return self._lease is lease

    @property
    def key(self) -> Key:
        """What the engine holds."""
        return self._lease.key

    @property
    def name(self) -> str:
        """The file name."""
        return self.spec.file_name

    @property
    def sha256(self) -> str:
        """The digest of the model's files, the manifest left out."""
        return self.spec.sha256

    def example_inputs(self, seed: int = 0) -> dict[str, Any]:
        """Give inputs that the model accepts: arrays in [0, 1) or of 0 and 1, images of noise; optional ones left
        out."""
        return example_inputs(self.spec.inputs, seed)

    def predict(self, inputs: Mapping[str, Any], state: CoreMLState | None = None) -> dict[str, Any]:
        """Predict once, with coremltools' conventions for values: numpy arrays, PIL images, numbers, texts, dicts.

        Half-precision outputs come as float32. A stateful model without *state* gets an empty one, which is forgotten.
        Raises `InputError` for a wrong name, type or shape and for a state that is none of this model's, `ModelError`
        when the framework fails.
        """
        values = {name: plain(value) for name, value in inputs.items()}
        self._watch(self)
        number = self._number_of(state)
        since = time.perf_counter()
        answer = self._lease.predict(values, number)
        CLOCK.passed(self, answer, since)
        self.last_inputs = values
        return answer.outputs

    def _number_of(self, state: CoreMLState | None) -> int | None:
        if state is None:
            return None
        if not isinstance(state, CoreMLState):
            raise InputError(f"{self.name}: state: expected what make_state() gives, got {state!r}")
        return state.number_in(self._lease)

    def make_state(self) -> CoreMLState:
        """Make a fresh state; `InputError` when the model has none."""
        self._watch(self)
        return CoreMLState(self._lease, self._lease.ask(protocol.MakeState()))

    def measure(self, inputs: Mapping[str, Any] | None = None, calls: int | None = None) -> Measurement:
        """Warm up and measure *calls* predictions (default: `--coreml-calls`), with example inputs if none are
        given.

        Raises `InputError` when *calls* is no positive whole number, and as `predict` does.
        """
        wanted = self._calls if calls is None else positive(calls)
        values = {name: plain(value) for name, value in inputs.items()} if inputs is not None else None
        self._watch(self)
        self.measured_with = (values, wanted)
        self.measurement = self._lease.measure(*self.measured_with)
        return self.measurement

    @property
    def memory_mb(self) -> float:
        """Peak growth of the engine since before loading, in 10^6 bytes."""
        return self._lease.ask(protocol.ReadMemory())

    @property
    def placement(self) -> Placement:
        """The planned placement of every operation; `unknown` where there is no plan.

        Raises `EngineError` when Core ML died of reading it.
        """
        return self._plans.placement(self._lease)

    @property
    def known_placement(self) -> Placement:
        """The same for a reader who must not fail: unknown, with the reason, where Core ML died of it."""
        return self._plans.known(self._lease)


def positive(calls: Any) -> int:
    """Give how many *calls* are to be measured; `InputError` when it is no positive whole number."""
    with contextlib.suppress(TypeError):
        # True counts as 1, which nobody means.
        if not isinstance(calls, bool) and (number := operator.index(calls)) > 0:
            return number
    raise InputError(f"measure(calls=...): expected a positive whole number, got {calls!r}")


def plain(value: Any) -> Any:
    """Make a value fit to be sent: a torch tensor becomes a numpy array, a list of numbers too."""
    if hasattr(value, "detach"):
        value = value.detach().cpu().numpy()
    if isinstance(value, (list, tuple)) and value and not isinstance(value[0], str):
        import numpy as np

        return np.asarray(value)
    return value
