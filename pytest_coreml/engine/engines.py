"""The engines of a run by what they hold: closed when nobody needs them, and not given again what has ended one."""

from __future__ import annotations

import contextlib
from collections import OrderedDict
from typing import TYPE_CHECKING

from pytest_coreml.engine.crashes import Crashes
from pytest_coreml.engine.lease import UNTIMED, Context, Key, Lease, Timing
from pytest_coreml.errors import EngineDiedError, hidden_for_ours

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pytest_coreml.engine.client import Engine
    from pytest_coreml.engine.crashes import ModelKey

__tracebackhide__ = hidden_for_ours


class Engines:
    """The engines of a run. At most *most* stay open, the ones used last, so that memory does not grow with models."""

    def __init__(
        self, make: Callable[[], Engine], context: Context, crashes: Crashes | None = None, most: int = 4
    ) -> None:
        self._make = make
        self._crashes = crashes or Crashes(None)
        self._context = context
        self._most = most
        self._leases: OrderedDict[Key, Lease] = OrderedDict()

    def lease(self, key: Key, timing: Timing = UNTIMED) -> Lease:
        """Give the engine that holds *key*, started and loaded if need be.

        Raises `ModelError` or `EngineError`; a model that has ended its engine once is not loaded again.
        """
        # Also of an engine that died a moment ago, in the same test.
        self.record_crashes()
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
            self._record_crash(key, lease.engine)
            lease.engine.close()

    @contextlib.contextmanager
    def empty(self, key: Key) -> Iterator[Engine]:
        """Give a new engine that is to do something with *key*, and close it at the end."""
        engine = self._make()
        try:
            yield engine
        finally:
            self._record_crash(key, engine)
            engine.close()

    def record_crashes(self) -> None:
        """Remember the models whose engines have died."""
        for key, lease in list(self._leases.items()):
            if self._record_crash(key, lease.engine):
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
        if lease.engine.dead:
            # The test that saw it die goes on with its own words.
            if (crash := self._crashes.from_another_test(lease.key.model_key)) is not None:
                raise EngineDiedError(crash.message)
            return
        self._refuse_crashed(lease.key.model_key)
        with self._watched(lease.key, self._make()) as engine:
            lease.open(engine)
        self._keep(lease)

    def _load(self, key: Key, timing: Timing) -> Lease:
        self._refuse_crashed(key.model_key)
        with self._watched(key, self._make()) as engine:
            return Lease(key, engine, self._context, timing, self._wake)

    def _refuse_crashed(self, model: ModelKey) -> None:
        if (crash := self._crashes.get(model)) is not None:
            raise EngineDiedError(crash.message)

    def _record_crash(self, key: Key, engine: Engine) -> bool:
        # An engine that never started has not come to the model.
        if engine.dead and engine.facts is not None:
            self._crashes.add(key.model_key, engine.dead)
        return engine.dead is not None

    @contextlib.contextmanager
    def _watched(self, key: Key, engine: Engine) -> Iterator[Engine]:
        """Close *engine* when loading fails in it, and remember a model that ends it."""
        try:
            yield engine
        except BaseException:
            self._record_crash(key, engine)
            engine.close()
            raise
