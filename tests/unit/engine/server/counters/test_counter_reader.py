"""Four samples of a counter become rates of activity or growth; impossible values are left out."""

from __future__ import annotations

import pytest

from pytest_coreml.engine.server.counters.counter_reader import CounterSample, Reading, Samples, take_sample
from pytest_coreml.facts.observed import Counter

TIME = Counter("time", "gpu", "process", "activity", "ns/s", 1e6)
MEMORY = Counter("memory", "neuralEngine", "process", "memory", "bytes", 16384)


def made(counter: Counter, *values: float | None) -> tuple[Counter, list[str]]:
    """Return the counter of four samples at 0, 1, 3 and 5 seconds, and the notes; None: not read then."""
    notes: list[str] = []
    samples = Samples(
        *(
            CounterSample(at, {} if value is None else {counter.name: value}, {counter.name: counter})
            for at, value in zip((0.0, 1.0, 3.0, 5.0), values, strict=True)
        )
    )
    (found,) = samples.counters(notes.append)
    return found, notes


def test_activity_is_a_rate() -> None:
    """5 in the idle second, and 100 in the two seconds of the section; what the load adds counts nowhere."""
    found, notes = made(TIME, 10, 15, 1000, 1100)

    assert (found.idle, found.section, notes) == (5, 50, [])


def test_memory_is_the_growth_since_before_the_load() -> None:
    """Growth in the load and later growth are told apart; a lower value is not growth."""
    assert made(MEMORY, 100, 100, 900, 1000)[0].section == 900
    assert made(MEMORY, 100, 110, 50, 60)[0].section == 0
    assert made(MEMORY, 100, 110, 50, 60)[0].idle == 10


@pytest.mark.parametrize("last", [999, 2**32 - 2**32])
def test_a_counter_that_has_fallen_is_no_reading(last: float) -> None:
    """A counter of 32 bits has wrapped; the note names it."""
    found, notes = made(TIME, 10, 15, 1000, last)

    assert (found.idle, found.section) == (5, None)
    assert notes == [f"time has fallen from 1000 to {last}"]


def test_a_value_that_is_missing_is_unknown() -> None:
    """In the idle second or in the section."""
    assert made(TIME, None, 5, 10, 20)[0].idle is None
    assert made(TIME, 1, 5, 10, None)[0].section is None


def test_negative_values_are_no_readings() -> None:
    """A number that was read with the wrong sign says nothing."""

    class Reader:
        def read(self) -> list[Reading]:
            return [Reading(TIME, -1.0), Reading(MEMORY, 0.0)]

    assert take_sample([Reader()], lambda: 7.0) == CounterSample(7.0, {"memory": 0.0}, {"memory": MEMORY})
