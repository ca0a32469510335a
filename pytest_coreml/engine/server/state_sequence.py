"""Repeated calls of a stateful model, in sequences that each begin with a fresh state."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pytest_coreml.errors import ModelError

if TYPE_CHECKING:
    from collections.abc import Callable


class StateSequence:
    """Calls with a state that the earlier calls of the sequence have filled.

    *call*: predicts with a state, and returns native and wall time in ms. *make_state*: returns a fresh state.
    *length*: the number of calls after which the next one begins a new sequence; None while it is not known. A model
    that counts its position in the state fails at the end of its room. The length is the number of calls before that.
    """

    def __init__(
        self, call: Callable[[Any], tuple[float, float]], make_state: Callable[[], Any], length: int | None = None
    ) -> None:
        self._call = call
        self._make_state = make_state
        self._length = length
        self._state: Any = None
        self._made = 0

    def restart(self) -> None:
        """Begin a new sequence with the next call."""
        # The old state is released before the next one is made: two at once would need twice the memory.
        self._state = None
        self._made = 0

    def __call__(self) -> tuple[float, float]:
        """Predict once. Raises `ModelError` when the first call of a sequence fails."""
        if self._made == self._length:
            self.restart()
        try:
            return self._next()
        except ModelError:
            if self._made == 0:
                raise
            self._length = self._made
            self.restart()
            return self._next()

    def _next(self) -> tuple[float, float]:
        if self._made == 0:
            self._state = self._make_state()
        times = self._call(self._state)
        self._made += 1
        return times
