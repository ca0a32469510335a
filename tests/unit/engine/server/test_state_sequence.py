"""Calls of a stateful model never run past the room of its state."""

from __future__ import annotations

import pytest

from pytest_coreml.engine.server.state_sequence import StateSequence
from pytest_coreml.errors import ModelError


class Counting:
    """A model that writes to the next row of its state, which has *rows*."""

    def __init__(self, rows: int) -> None:
        self.rows = rows
        self.positions: list[int] = []
        self.failures = 0

    def make_state(self) -> list[int]:
        """Return a state at its first row."""
        return [0]

    def call(self, state: list[int]) -> tuple[float, float]:
        """Write to the next row."""
        if state[0] == self.rows:
            self.failures += 1
            raise ModelError("out of range")
        self.positions.append(state[0])
        state[0] += 1
        return 1.0, 1.0


def test_a_sequence_begins_again_after_its_length() -> None:
    """As long as the test's own one: the model is never called past that."""
    model = Counting(3)
    sequence = StateSequence(model.call, model.make_state, length=3)
    for _ in range(7):
        sequence()

    assert model.positions == [0, 1, 2, 0, 1, 2, 0]
    assert model.failures == 0


def test_the_end_of_an_unknown_length_is_found_once() -> None:
    """A call that fails after others did not is repeated with a fresh state, and is not a sample."""
    model = Counting(2)
    sequence = StateSequence(model.call, model.make_state)
    times = [sequence() for _ in range(5)]
    sequence.restart()
    times += [sequence() for _ in range(3)]

    assert len(times) == 8
    assert model.positions == [0, 1, 0, 1, 0, 0, 1, 0]
    assert model.failures == 1


def test_a_model_that_fails_with_a_fresh_state_fails() -> None:
    """A real error is not hidden."""
    model = Counting(0)
    sequence = StateSequence(model.call, model.make_state)

    with pytest.raises(ModelError, match="out of range"):
        sequence()
