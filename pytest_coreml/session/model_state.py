"""The state of a stateful model that a test holds."""

from __future__ import annotations

import weakref
from collections import Counter
from typing import TYPE_CHECKING, Any

from pytest_coreml.engine import protocol
from pytest_coreml.errors import InputError, hidden_for_ours
from pytest_coreml.session.sent_values import plain

if TYPE_CHECKING:
    from pytest_coreml.engine.lease import Lease

__tracebackhide__ = hidden_for_ours


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

    def count_use(self, function: str | None) -> int:
        """Count a prediction that *function* of the model has made with this state, and return their number."""
        self._uses[function] += 1
        return self._uses[function]

    def read_state(self, name: str) -> Any:
        """Return the tensor *name* as a numpy array, half precision as float32."""
        return self._lease.ask(protocol.ReadState(self.number, name))

    def write_state(self, name: str, value: Any) -> None:
        """Write an array of the declared shape to the tensor *name*."""
        self._lease.ask(protocol.WriteState(self.number, name, plain(value, f"state {name!r}")))


def _tensors(states: list[tuple[str, tuple[int, ...]]]) -> str:
    return ", ".join(f"{name} {shape}" for name, shape in states) or "no tensors"
