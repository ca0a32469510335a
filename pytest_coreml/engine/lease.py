"""Engines by what they hold: one for each model, compute units and function, closed when nobody needs it."""

from __future__ import annotations

import contextlib
from collections import OrderedDict, deque
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final, TypeVar

from pytest_coreml.engine import protocol
from pytest_coreml.engine.deaths import Deaths
from pytest_coreml.errors import EngineDiedError, hidden_for_ours
from pytest_coreml.load_options import LoadOptions
from pytest_coreml.machine import conditions
from pytest_coreml.machine.watch import Watch
from pytest_coreml.turns import Turns

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

    from pytest_coreml.compute_units import ComputeUnits
    from pytest_coreml.engine.client import Engine
    from pytest_coreml.engine.deaths import Suspect
    from pytest_coreml.engine.protocol import Loaded, Progress
    from pytest_coreml.measurement import Measurement, Thermal

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
    def suspect(self) -> Suspect:
        """What is not loaded again, in whatever way, when it has ended an engine once."""
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
        """Load the model again, if its engine was closed for others."""
        if self._rests:
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


class Engines:
    """The engines of a run. At most *most* stay open, the ones used last, so that memory does not grow with models."""

    def __init__(
        self, make: Callable[[], Engine], context: Context, deaths: Deaths | None = None, most: int = 4
    ) -> None:
        self._make = make
        self._deaths = deaths or Deaths(None)
        self._context = context
        self._most = most
        self._leases: OrderedDict[Key, Lease] = OrderedDict()

    def lease(self, key: Key, timing: Timing = UNTIMED) -> Lease:
        """Give the engine that holds *key*, started and loaded if need be.

        Raises `ModelError` or `EngineError`; a model that has ended its engine once is not loaded again.
        """
        # Also of an engine that died a moment ago, in the same test.
        self.note_deaths()
        held = self._leases.pop(key, None) or self._load(key, timing)
        self._keep(held)
        return held

    @contextlib.contextmanager
    def fresh(self, key: Key) -> Iterator[Lease]:
        """Give a new engine that holds *key*, whatever else is open, and close it at the end."""
        lease = self._load(key, Timing(load=True, first=True))
        try:
            yield lease
        finally:
            self._note_death(key, lease.engine)
            lease.engine.close()

    @contextlib.contextmanager
    def empty(self, key: Key) -> Iterator[Engine]:
        """Give a new engine that is to do something with *key*, and close it at the end."""
        engine = self._make()
        try:
            yield engine
        finally:
            self._note_death(key, engine)
            engine.close()

    def note_deaths(self) -> None:
        """Remember the models whose engines have died."""
        for key, lease in list(self._leases.items()):
            if self._note_death(key, lease.engine):
                del self._leases[key]

    def release(self, key: Key) -> None:
        """Close the engine that holds *key*, if any."""
        if (held := self._leases.pop(key, None)) is not None:
            held.rest()

    def close(self) -> None:
        """Close all."""
        for key in list(self._leases):
            self.release(key)

    def _keep(self, lease: Lease) -> None:
        self._leases[lease.key] = lease
        while len(self._leases) > self._most:
            self._leases.popitem(last=False)[1].rest()

    def _wake(self, lease: Lease) -> None:
        with self._watched(lease.key, self._make()) as engine:
            lease.open(engine)
        self._keep(lease)

    def _load(self, key: Key, timing: Timing) -> Lease:
        if (how := self._deaths.how(key.suspect)) is not None:
            raise EngineDiedError(f"not loaded again in this run, since it ended its engine:\n{how}")
        with self._watched(key, self._make()) as engine:
            return Lease(key, engine, self._context, timing, self._wake)

    def _note_death(self, key: Key, engine: Engine) -> bool:
        # An engine that never started has not come to the model.
        if engine.dead and engine.facts is not None:
            self._deaths.note(key.suspect, engine.dead)
        return engine.dead is not None

    @contextlib.contextmanager
    def _watched(self, key: Key, engine: Engine) -> Iterator[Engine]:
        """Close *engine* when loading fails in it, and remember a model that ends it."""
        try:
            yield engine
        except BaseException:
            self._note_death(key, engine)
            engine.close()
            raise
