"""The protocol of all readers of counters, and how two readings make a value.

A reader is made for a separate process, which ends with the observation: one that crashes takes no model of a test
with it. No reader was tried on a Mac: a value that is missing or of another form is left out, with a note.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pytest_coreml.facts.observed import Counter


class Reading(NamedTuple):
    """The value of a counter."""

    counter: Counter
    """The counter, without values."""
    value: float
    """The value: cumulative for activity, of this moment for others."""


class CounterReader(Protocol):
    """Reads counters of one kind."""

    def read(self) -> Sequence[Reading]:
        """Return the readings of this moment; those that cannot be had are left out. Raise nothing."""
        ...


class CounterSample(NamedTuple):
    """All readings of one moment."""

    at: float
    """The moment, by a clock in seconds."""
    values: dict[str, float]
    """The values by the name of the counter."""
    counters: dict[str, Counter]
    """The counters by name."""


def take_sample(readers: Sequence[CounterReader], clock: Callable[[], float]) -> CounterSample:
    """Read all of *readers*. Negative values are not readings."""
    readings = [reading for reader in readers for reading in reader.read() if reading.value >= 0]
    return CounterSample(
        clock(),
        {reading.counter.name: reading.value for reading in readings},
        {reading.counter.name: reading.counter for reading in readings},
    )


class Samples(NamedTuple):
    """The samples of one observation, in order."""

    start: CounterSample
    """Before the idle second."""
    idle: CounterSample
    """After it, before the load."""
    before: CounterSample
    """After load and warm-up."""
    after: CounterSample
    """After the section."""

    def counters(self, note: Callable[[str], None]) -> tuple[Counter, ...]:
        """Return each counter with its values; *note* gets a sentence about each value that cannot be.

        A counter that first appears with the load, such as one of a driver, stood at 0 before.
        """
        known = {**self.start.counters, **self.idle.counters, **self.before.counters, **self.after.counters}
        return tuple(self._counter(counter, note) for counter in known.values())

    def _counter(self, counter: Counter, note: Callable[[str], None]) -> Counter:
        if counter.evidence == "activity":
            idle = _difference(counter, self.start, self.idle, note)
            section = _difference(counter, self.before, self.after, note)
            return replace(
                counter,
                idle=_rate(idle, self.idle.at - self.start.at),
                section=_rate(section, self.after.at - self.before.at),
            )
        idle = _difference(counter, self.start, self.idle, note)
        return replace(counter, idle=idle, section=_growth(counter, self.idle, self.after))


def are_still(first: CounterSample, second: CounterSample) -> bool:
    """Return True if no counter of the whole machine moved from *first* to *second*: other programs are at rest."""
    moved = (
        counter
        for counter in second.counters.values()
        if counter.scope == "system"
        and (_rate(_difference(counter, first, second, _ignore), second.at - first.at) or 0.0) >= counter.floor
    )
    return next(moved, None) is None


def _ignore(note: str) -> None:
    """Ignore a note, which is taken again when the values are made."""


def _difference(
    counter: Counter, first: CounterSample, second: CounterSample, note: Callable[[str], None]
) -> float | None:
    """Return the increase from *first* to *second*; None where one is missing, or a counter has fallen."""
    before, after = first.values.get(counter.name), second.values.get(counter.name)
    if before is None or after is None:
        return None
    if after < before and counter.evidence == "activity":
        note(f"{counter.name} has fallen from {before:.0f} to {after:.0f}")
        return None
    return max(0.0, after - before)


def _growth(counter: Counter, first: CounterSample, second: CounterSample) -> float | None:
    before, after = first.values.get(counter.name), second.values.get(counter.name)
    return None if before is None or after is None else max(0.0, after - before)


def _rate(difference: float | None, seconds: float) -> float | None:
    return None if difference is None or seconds <= 0 else difference / seconds
