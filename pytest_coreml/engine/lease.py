"""A model loaded in an engine: ask it, measure it one process at a time, suspend and resume it."""

from __future__ import annotations

import contextlib
import os
import threading
from collections import deque
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final, TypeVar

from pytest_coreml.engine import protocol
from pytest_coreml.engine.host_lock import HostLock
from pytest_coreml.engine.protocol import Progress
from pytest_coreml.errors import EngineError, ModelError, hidden_for_ours
from pytest_coreml.facts.load_options import LoadOptions
from pytest_coreml.machine import conditions
from pytest_coreml.machine.watch import Watch

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from pytest_coreml.engine.client import Engine
    from pytest_coreml.engine.crashes import ModelKey
    from pytest_coreml.engine.protocol import Loaded
    from pytest_coreml.facts.compute_units import ComputeUnits
    from pytest_coreml.facts.measurement import Measurement, Thermal

__tracebackhide__ = hidden_for_ours

T = TypeVar("T")


@dataclass(frozen=True)
class EngineKey:
    """A model file on compute units, loaded with options: what an engine holds.

    *fingerprint*: of the files at *path* when the key was made, so that a model that is saved again is another one.
    """

    path: str
    compute_units: ComputeUnits
    options: LoadOptions = field(default_factory=LoadOptions)
    fingerprint: str = ""

    @property
    def model_key(self) -> ModelKey:
        """The key of the model in `Crashes`: however it was loaded, a model that crashed is not loaded again."""
        return self.path, self.compute_units, self.options.function, self.fingerprint

    def is_of_same_file(self, other: EngineKey) -> bool:
        """Return True if *other* is of the same file, loaded in the same way, whatever its function."""
        return replace(self, options=replace(self.options, function=None)) == replace(
            other, options=replace(other.options, function=None)
        )


@dataclass(frozen=True)
class SharedByEngines:
    """The state that all engines of a run share.

    *progress*: called with the name of a model and a step. *watch*: reads the machine's conditions around measurements.
    *threads*: held by the thread that uses an engine. It is taken before *lock*, so that two threads never wait for
    each other. *owner*: the process that started the engines.
    """

    progress: Callable[[str, Progress], None]
    lock: HostLock = field(default_factory=HostLock)
    watch: Watch = field(default_factory=lambda: Watch(conditions))
    threads: threading.RLock = field(default_factory=threading.RLock)
    owner: int = field(default_factory=os.getpid)

    @contextlib.contextmanager
    def one_thread(self) -> Iterator[None]:
        """Let one thread at a time use the engines; blocks can be nested. Raises `EngineError` in a forked child."""
        # Before the lock is taken: another thread of the parent may have held it at the fork.
        if os.getpid() != self.owner:
            raise EngineError(
                "a forked child process cannot use the engines of its parent; "
                "predict in the parent, or start the child with multiprocessing's method 'spawn'"
            )
        with self.threads:
            yield


@dataclass(frozen=True)
class Timing:
    """The steps that are timed besides a test's own measurements: the *load*, the *first* prediction.

    A timed step waits until no other process of the host measures. *first_load*: whether the model is compiled and
    loaded for the first time, which can take minutes, where an earlier run has kept a compiled form of it.
    """

    load: bool = False
    first: bool = False
    first_load: bool = False


UNTIMED: Final = Timing()


class Lease:
    """The use of an engine that has loaded *key*. `subject` names the model in messages.

    *resume*: opens the lease in another engine, after it was suspended.
    """

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
        self._sha256: str | None = None
        self._to_drop: deque[tuple[Engine, int]] = deque()
        self.subject = f"{key.path.rstrip('/').rsplit('/', 1)[-1]} on {key.compute_units}"
        self.open(engine)

    def open(self, engine: Engine) -> None:
        """Load the model in *engine*. Raises `ModelError` when another model was saved at its path since."""
        self.engine = engine
        engine.subject = self.subject
        # Starting is not timed, so it does not hold the lock.
        self.report(Progress(protocol.Hello.doing))
        engine.start()
        self._suspended = False
        loaded = self._load()
        if self._sha256 is not None and self._sha256 != loaded.spec.sha256:
            # The engine is closed by the caller.
            self._suspended = True
            raise ModelError(
                f"{self.key.path}: another model was saved here after it was loaded, and its engine was closed to "
                "make room; load it again, or use several paths"
            )
        self.loaded, self._sha256 = loaded, loaded.spec.sha256

    def is_open_in(self, engine: Engine) -> bool:
        """Return whether the model is still loaded in *engine*, with all states made there."""
        return self.engine is engine and not self._suspended

    def suspend(self) -> None:
        """Close the engine to make room for others, until the model is used again."""
        self._suspended = True
        self.engine.close()

    def resume(self) -> None:
        """Load the model again if its engine was closed. Raises `EngineDiedError` when it crashed in another test."""
        if self._suspended or self.engine.dead:
            self._resume(self)

    def ask(self, request: protocol.Request[T]) -> T:
        """Ask the engine, as `Engine.ask` does; a measured request first waits for the host's lock."""
        with self._shared.one_thread():
            self.resume()
            self._drop_unused()
            with self.exclusive() if request.measured else contextlib.nullcontext():
                return self.engine.ask(request, self.report)

    def drop_later(self, engine: Engine, state: int) -> None:
        """Let *engine* drop an unused state before the next request.

        Not at once: Python collects garbage at any time, even in the middle of a request.
        """
        self._to_drop.append((engine, state))

    def predict(
        self,
        inputs: protocol.Inputs,
        state: int | None,
        backings: Mapping[str, protocol.Backing] | None = None,
        *,
        reads_waiting: bool = False,
    ) -> protocol.Prediction:
        """Predict once, with one set of inputs or a batch.

        *backings*: outputs to be written into an array. *reads_waiting*: whether the engine reads how long it waited.
        """
        with self._shared.one_thread():
            timed = self._timing.first
            self._timing = replace(self._timing, first=False)
            return self.ask(protocol.Predict(inputs, state, timed, backings or {}, reads_waiting))

    @contextlib.contextmanager
    def exclusive(self) -> Iterator[bool]:
        """Hold the host's lock for measuring, once it is free; blocks can be nested.

        Yields False where the wait for it was given up.
        """
        with self._shared.one_thread(), self._shared.lock.held(lambda text: self.report(Progress(text))) as is_held:
            yield is_held

    def with_thermal(self, work: Callable[[], T]) -> tuple[T, Thermal | None]:
        """Do *work* while holding the host's lock; return its result and the thermal states before and after it."""
        # Within the lock: reading the conditions takes processor time that would disturb another measurement.
        with self.exclusive():
            return self._shared.watch.during(work)

    def measure(self, request: protocol.Measure) -> Measurement:
        """Measure predictions."""
        measurement, thermal = self.with_thermal(lambda: self.ask(request))
        return replace(measurement, thermal=thermal)

    def _drop_unused(self) -> None:
        while self._to_drop:
            engine, state = self._to_drop.popleft()
            # States went with the engine that they were made in.
            if self.is_open_in(engine):
                engine.ask(protocol.DropState(state))

    def _load(self) -> Loaded:
        key, timed = self.key, self._timing.load
        request = protocol.Load(
            key.path, key.compute_units, key.options, measured=timed, first_load=self._timing.first_load
        )
        # A model that is resumed has its times.
        self._timing = replace(self._timing, first_load=False)
        if not timed:
            loaded = self.ask(request)
            return replace(loaded, times=replace(loaded.times, alone=False))
        with self.exclusive() as alone:
            loaded, thermal = self.with_thermal(lambda: self.ask(request))
        return replace(loaded, times=replace(loaded.times, thermal=thermal, alone=alone))

    def report(self, progress: Progress) -> None:
        """Report progress with this model, also of another engine, to the user and to those who wait for the lock."""
        self._shared.lock.give_sign()
        self._shared.progress(self.subject, progress)
