"""The pool of engines: a limited number stays open, and a model that crashed one is not loaded again."""

from __future__ import annotations

import contextlib
from collections import OrderedDict
from typing import TYPE_CHECKING

from pytest_coreml.engine.crashes import Crashes
from pytest_coreml.engine.lease import UNTIMED, EngineKey, Lease, SharedByEngines, Timing
from pytest_coreml.errors import EngineDiedError, hidden_for_ours

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pytest_coreml.engine.client import Engine
    from pytest_coreml.engine.crashes import ModelKey

__tracebackhide__ = hidden_for_ours


class Engines:
    """The engines of a run. At most *max_open* stay open, the last used ones: memory does not grow with models."""

    def __init__(
        self, make: Callable[[], Engine], shared: SharedByEngines, crashes: Crashes | None = None, max_open: int = 4
    ) -> None:
        self._make = make
        self._crashes = crashes or Crashes(None)
        self._shared = shared
        self._max_open = max_open
        self._leases: OrderedDict[EngineKey, Lease] = OrderedDict()

    def lease(self, key: EngineKey, timing: Timing = UNTIMED) -> Lease:
        """Return the lease of *key*; start an engine and load the model if none is open.

        Raises `ModelError`, `EngineError`, or `EngineDiedError` for a model that has crashed an engine.
        """
        # The engine may have crashed a moment ago, in the same test.
        self.record_crashes()
        held = self._leases.pop(key, None) or self._load(key, timing)
        self._keep(held)
        return held

    @contextlib.contextmanager
    def fresh(self, key: EngineKey, *, first_load: bool = False) -> Iterator[Lease]:
        """Load *key* in a new engine, whatever else is open, and close it at the end.

        *first_load*: as in `Timing`.
        """
        lease = self._load(key, Timing(load=True, first=True, first_load=first_load))
        try:
            yield lease
        finally:
            self._record_crash(key, lease.engine)
            lease.engine.close()

    @contextlib.contextmanager
    def empty(self, key: EngineKey) -> Iterator[Engine]:
        """Make a new engine for work on *key* that loads nothing yet, and close it at the end."""
        engine = self._make()
        try:
            yield engine
        finally:
            self._record_crash(key, engine)
            engine.close()

    def record_crashes(self) -> None:
        """Record the models whose engines have crashed, and drop these engines."""
        for key, lease in list(self._leases.items()):
            if self._record_crash(key, lease.engine):
                del self._leases[key]

    def release(self, key: EngineKey) -> None:
        """Close the engine of *key*, if one is open."""
        if (held := self._leases.pop(key, None)) is not None:
            held.suspend()

    def close(self) -> None:
        """Close all engines."""
        for key in list(self._leases):
            self.release(key)

    def _keep(self, lease: Lease) -> None:
        self._leases[lease.key] = lease
        while len(self._leases) > self._max_open:
            self._leases.popitem(last=False)[1].suspend()

    def _resume(self, lease: Lease) -> None:
        if lease.engine.dead and not lease.engine.interrupted:
            # The test that saw the crash gets the original error from the engine.
            if (crash := self._crashes.from_another_test(lease.key.model_key)) is not None:
                raise EngineDiedError(crash.message)
            return
        self._refuse_crashed(lease.key.model_key)
        with self._closed_on_failure(lease.key, self._make()) as engine:
            lease.open(engine)
        self._keep(lease)

    def _load(self, key: EngineKey, timing: Timing) -> Lease:
        self._refuse_crashed(key.model_key)
        with self._closed_on_failure(key, self._make()) as engine:
            return Lease(key, engine, self._shared, timing, self._resume)

    def _refuse_crashed(self, model: ModelKey) -> None:
        if (crash := self._crashes.get(model)) is not None:
            raise EngineDiedError(crash.message)

    def _record_crash(self, key: EngineKey, engine: Engine) -> bool:
        # An engine that failed to start has not touched the model. What interrupts this process, as a time limit of
        # pytest-timeout, says nothing about the model.
        if engine.dead and not engine.interrupted and engine.facts is not None:
            self._crashes.add(key.model_key, engine.dead)
        return engine.dead is not None

    @contextlib.contextmanager
    def _closed_on_failure(self, key: EngineKey, engine: Engine) -> Iterator[Engine]:
        """Close *engine* when the block fails, and record the model if it crashed the engine."""
        try:
            yield engine
        except BaseException:
            self._record_crash(key, engine)
            engine.close()
            raise
