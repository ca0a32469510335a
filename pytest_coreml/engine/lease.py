"""The use of an engine: what it holds, what is measured in it, and whose turn it is."""

from __future__ import annotations

import contextlib
from collections import deque
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final, TypeVar

from pytest_coreml.engine import protocol
from pytest_coreml.engine.host_lock import HostLock
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
class EngineKey:
    """What an engine holds: a model file on one compute-units setting, loaded in one way."""

    path: str
    compute_units: ComputeUnits
    options: LoadOptions = field(default_factory=LoadOptions)

    @property
    def model_key(self) -> ModelKey:
        """The key of the model in `Crashes`: however it was loaded, a model that crashed is not loaded again."""
        return self.path, self.compute_units, self.options.function


@dataclass(frozen=True)
class SharedByEngines:
    """What all engines of a run share. *progress* is told what is done to which model; *watch* looks at the machine's
    conditions around what is measured."""

    progress: Callable[[str, Progress], None]
    lock: HostLock = field(default_factory=HostLock)
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
        key: EngineKey,
        engine: Engine,
        shared: SharedByEngines,
        timing: Timing,
        resume: Callable[[Lease], None],
    ) -> None:
        self.key = key
        self._shared = shared
        self._timing = timing
        self._resume = resume
        self._suspended = False
        self._to_drop: deque[tuple[Engine, int]] = deque()
        self.subject = f"{key.path.rstrip('/').rsplit('/', 1)[-1]} on {key.compute_units}"
        self.open(engine)

    def open(self, engine: Engine) -> None:
        """Load the model in *engine*."""
        self.engine = engine
        engine.subject = self.subject
        # Whatever starting it takes, it is nobody's turn meanwhile.
        self._report(protocol.Progress(protocol.Hello.doing))
        engine.start()
        self._suspended = False
        self.loaded = self._load()

    def is_open_in(self, engine: Engine) -> bool:
        """Say whether the model is still loaded in *engine*, with all states made there."""
        return self.engine is engine and not self._suspended

    def suspend(self) -> None:
        """Close the engine, which others need the room of, until the model is used again."""
        self._suspended = True
        self.engine.close()

    def resume(self) -> None:
        """Load the model again, if its engine was closed for others; `EngineDiedError` when another test has lost
        it."""
        if self._suspended or self.engine.dead:
            self._resume(self)

    def ask(self, request: protocol.Request[T]) -> T:
        """Ask the engine, as `Engine.ask` does; what is measured waits for its turn before."""
        self.resume()
        self._drop_unused()
        with self.exclusive() if request.measured else contextlib.nullcontext():
            return self.engine.ask(request, self._report)

    def drop_later(self, engine: Engine, state: int) -> None:
        """Let *engine* drop a state that nobody holds any more, when it is asked next: this is called whenever Python
        collects garbage, in the middle of a conversation too."""
        self._to_drop.append((engine, state))

    def predict(self, inputs: protocol.Features, state: int | None) -> protocol.Prediction:
        """Predict once."""
        timed = self._timing.first
        self._timing = replace(self._timing, first=False)
        return self.ask(protocol.Predict(inputs, state, measured=timed))

    def exclusive(self) -> AbstractContextManager[None]:
        """Wait for the turn to measure on this host, and hold it; turns can be nested."""
        return self._shared.lock.held(lambda: self._report(protocol.Progress(_WAITING)))

    def with_thermal(self, work: Callable[[], T]) -> tuple[T, Thermal | None]:
        """Do what is measured in one turn; give what it gives, and the thermal states before and after it."""
        # Within the turn: to look takes processor time, which is another's to measure.
        with self.exclusive():
            return self._shared.watch.during(work)

    def measure(self, inputs: protocol.Features | None, calls: int) -> Measurement:
        """Measure *calls* predictions."""
        measurement, thermal = self.with_thermal(lambda: self.ask(protocol.Measure(inputs, calls)))
        return replace(measurement, thermal=thermal)

    def _drop_unused(self) -> None:
        while self._to_drop:
            engine, state = self._to_drop.popleft()
            # States have gone with the engine that they were made in.
            if self.is_open_in(engine):
                engine.ask(protocol.DropState(state))

    def _load(self) -> Loaded:
        key, timed = self.key, self._timing.load
        request = protocol.Load(key.path, key.compute_units, key.options, measured=timed)
        loaded, thermal = self.with_thermal(lambda: self.ask(request)) if timed else (self.ask(request), None)
        return replace(loaded, times=replace(loaded.times, thermal=thermal, alone=timed))

    def _report(self, progress: Progress) -> None:
        self._shared.progress(self.subject, progress)
