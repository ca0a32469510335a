"""The use of an engine: what it holds, what is measured in it, and whose turn it is."""

from __future__ import annotations

import contextlib
from collections import deque
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final, TypeVar

from pytest_coreml.engine import protocol
from pytest_coreml.engine.host_lock import Turns
from pytest_coreml.errors import hidden_for_ours
from pytest_coreml.facts.load_options import LoadOptions
from pytest_coreml.machine import conditions
from pytest_coreml.machine.watch import Watch

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from pytest_coreml.engine.client import Engine
    from pytest_coreml.engine.crashes import ModelKey
    from pytest_coreml.engine.protocol import Loaded, Progress
    from pytest_coreml.facts.compute_units import ComputeUnits
    from pytest_coreml.facts.measurement import Measurement, Thermal

__tracebackhide__ = hidden_for_ours

T = TypeVar("T")
_WAITING = "waiting for another process to finish measuring, before"


@dataclass(frozen=True)
class Key:
    """What an engine holds: a model file on one compute-units setting, loaded in one way."""

    path: str
    compute_units: ComputeUnits
    options: LoadOptions = field(default_factory=LoadOptions)

    @property
    def model_key(self) -> ModelKey:
        """The key of the model in `Crashes`: however it was loaded, a model that crashed is not loaded again."""
        return self.path, self.compute_units, self.options.function


@dataclass(frozen=True)
class Context:
    """What all engines of a run share. *progress* is told what is done to which model; *watch* looks at the machine's
    conditions around what is measured."""

    progress: Callable[[str, Progress], None]
    turns: Turns = field(default_factory=Turns)
    watch: Watch = field(default_factory=lambda: Watch(conditions))


@dataclass(frozen=True)
class Timing:
    """What else is measured of a model than what a test measures, and waits for its turn: the *load*, the *first*
    prediction."""

    load: bool = False
    first: bool = False


UNTIMED: Final = Timing()


class Lease:
    """The use of an engine that has loaded what *key* says; *subject* names it in messages."""

    def __init__(
        self,
        key: Key,
        engine: Engine,
        context: Context,
        timing: Timing,
        wake: Callable[[Lease], None],
    ) -> None:
        self.key = key
        self._context = context
        self._timing = timing
        self._wake = wake
        self._rests = False
        self._forgotten: deque[tuple[Engine, int]] = deque()
        self.subject = f"{key.path.rstrip('/').rsplit('/', 1)[-1]} on {key.compute_units}"
        self.open(engine)

    def open(self, engine: Engine) -> None:
        """Load the model in *engine*."""
        self.engine = engine
        engine.subject = self.subject
        # Whatever starting it takes, it is nobody's turn meanwhile.
        self._tell(protocol.Progress(protocol.Hello.doing))
        engine.start()
        self._rests = False
        self.loaded = self._load()

    def is_open_in(self, engine: Engine) -> bool:
        """Say whether the model is still loaded in *engine*, with all states made there."""
        return self.engine is engine and not self._rests

    def rest(self) -> None:
        """Close the engine, which others need the room of, until the model is used again."""
        self._rests = True
        self.engine.close()

    def wake(self) -> None:
        """Load the model again, if its engine was closed for others; `EngineDiedError` when another test has lost
        it."""
        if self._rests or self.engine.dead:
            self._wake(self)

    def ask(self, request: protocol.Request[T]) -> T:
        """Ask the engine, as `Engine.ask` does; what is measured waits for its turn before."""
        self.wake()
        self._drop_forgotten()
        with self.turn() if request.measured else contextlib.nullcontext():
            return self.engine.ask(request, self._tell)

    def forget(self, engine: Engine, state: int) -> None:
        """Let *engine* drop a state that nobody holds any more, when it is asked next: this is called whenever Python
        collects garbage, in the middle of a conversation too."""
        self._forgotten.append((engine, state))

    def predict(self, inputs: protocol.Features, state: int | None) -> protocol.Prediction:
        """Predict once."""
        timed = self._timing.first
        self._timing = replace(self._timing, first=False)
        return self.ask(protocol.Predict(inputs, state, measured=timed))

    def turn(self) -> AbstractContextManager[None]:
        """Wait for the turn to measure on this host, and hold it; turns can be nested."""
        return self._context.turns.taken(lambda: self._tell(protocol.Progress(_WAITING)))

    def watched(self, work: Callable[[], T]) -> tuple[T, Thermal | None]:
        """Do what is measured in one turn; give what it gives, and the thermal states before and after it."""
        # Within the turn: to look takes processor time, which is another's to measure.
        with self.turn():
            return self._context.watch.during(work)

    def measure(self, inputs: protocol.Features | None, calls: int) -> Measurement:
        """Measure *calls* predictions."""
        measurement, thermal = self.watched(lambda: self.ask(protocol.Measure(inputs, calls)))
        return replace(measurement, thermal=thermal)

    def _drop_forgotten(self) -> None:
        while self._forgotten:
            engine, state = self._forgotten.popleft()
            # States have gone with the engine that they were made in.
            if self.is_open_in(engine):
                engine.ask(protocol.DropState(state))

    def _load(self) -> Loaded:
        key, timed = self.key, self._timing.load
        request = protocol.Load(key.path, key.compute_units, key.options, measured=timed)
        loaded, thermal = self.watched(lambda: self.ask(request)) if timed else (self.ask(request), None)
        return replace(loaded, times=replace(loaded.times, thermal=thermal, alone=timed))

    def _tell(self, progress: Progress) -> None:
        self._context.progress(self.subject, progress)
