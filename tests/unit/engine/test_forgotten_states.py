"""States without a reference are dropped."""

from __future__ import annotations

import gc
from typing import TYPE_CHECKING, Any, cast

from report_examples import SPEC

from pytest_coreml.engine import protocol
from pytest_coreml.engine.lease import UNTIMED, EngineKey, Lease, SharedByEngines
from pytest_coreml.facts.measurement import LoadTimes
from pytest_coreml.session.model_state import CoreMLState

if TYPE_CHECKING:
    from collections.abc import Callable


class FakeEngine:
    """Notes what it is asked; it makes states with numbers from 1."""

    def __init__(self) -> None:
        self.dead = None
        self.subject = ""
        self.asked: list[protocol.Request[Any]] = []

    def start(self) -> None:
        """Do nothing."""

    def close(self) -> None:
        """Do nothing."""

    def ask(self, request: protocol.Request[Any], on_progress: object = None) -> Any:
        """Answer loads and states."""
        self.asked.append(request)
        if isinstance(request, protocol.Load):
            return protocol.Loaded(SPEC, LoadTimes(), "reference", "Encoder.mlmodelc")
        return sum(isinstance(found, protocol.MakeState) for found in self.asked)


def make_lease(engine: FakeEngine, resume: Callable[[Lease], None] = lambda _: None) -> Lease:
    """Return the use of *engine*."""
    shared = SharedByEngines(progress=lambda *_: None)
    return Lease(EngineKey("Encoder.mlpackage", "all"), cast("Any", engine), shared, UNTIMED, resume)


def test_a_state_that_nobody_holds_is_dropped_before_the_next_request() -> None:
    """Never at once: garbage is collected at any time, in the middle of a conversation too."""
    engine = FakeEngine()
    lease = make_lease(engine)
    state = CoreMLState(lease, lease.ask(protocol.MakeState()))
    kept = CoreMLState(lease, lease.ask(protocol.MakeState()))
    del state
    gc.collect()
    before = list(engine.asked)
    lease.ask(protocol.ReadState(kept.number, "memory"))

    assert protocol.DropState(1) not in before
    assert engine.asked[len(before) :] == [protocol.DropState(1), protocol.ReadState(2, "memory")]


def test_a_state_of_an_engine_that_was_closed_needs_no_drop() -> None:
    """It went with the engine; the new one may have a state of the same number."""
    old, new = FakeEngine(), FakeEngine()
    lease = make_lease(old, resume=lambda lease: lease.open(cast("Any", new)))
    state = CoreMLState(lease, lease.ask(protocol.MakeState()))
    lease.suspend()
    del state
    gc.collect()
    lease.ask(protocol.MakeState())

    assert protocol.DropState(1) not in [*old.asked, *new.asked]
