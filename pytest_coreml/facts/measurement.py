"""What a run measured: plain data and the figures that follow from it.

Times are in milliseconds. *Native* is the framework's own call, *wall* is around the Python call, *wait* is how long
the threads of the measuring process were runnable but not running during the call.
"""

from __future__ import annotations

import statistics
from dataclasses import dataclass
from functools import cached_property

# The machine's thermal state before and after, in the system's words.
Thermal = tuple[str, str]

# A call is undisturbed when its threads waited for a CPU for at most this share of its wall time.
UNDISTURBED_SHARE = 0.05
# A run can be judged when it has this many undisturbed calls, or this share of all its calls, whichever is more.
USABLE_CALLS = 10
USABLE_SHARE = 0.10


def quantile(values: list[float] | tuple[float, ...], q: float) -> float:
    """Give the *q* quantile by linear interpolation between order statistics (numpy's default method).

    Raises `ValueError` for an empty sequence.
    """
    if not values:
        raise ValueError("quantile of no values")
    ordered = sorted(values)
    position = (len(ordered) - 1) * q
    below = int(position)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (ordered[above] - ordered[below]) * (position - below)


def _changed(thermal: Thermal | None) -> bool:
    return thermal is not None and thermal[0] != thermal[1]


@dataclass(frozen=True)
class LoadTimes:
    """Compile and load times in ms, in the order measured.

    *first_load_ms*: from a path never used before. *load_ms*: from a path loaded before, by the same process.
    *fresh_load_ms*: the same by a process that had loaded nothing, as an app does that starts; where it was asked for.
    *compile_ms*: wall time, since Core ML gives no duration for it. *thermal*: None where the system does not tell.
    *alone*: whether it waited for its turn, so that no process of ours measured or loaded for a measurement meanwhile.
    """

    compile_ms: tuple[float, ...] = ()
    first_load_ms: tuple[float, ...] = ()
    load_ms: tuple[float, ...] = ()
    fresh_load_ms: tuple[float, ...] = ()
    thermal: Thermal | None = None
    alone: bool = True

    @property
    def loads_ms(self) -> tuple[float, ...]:
        """Loads from a path loaded before: those of fresh processes, where there are any."""
        return self.fresh_load_ms or self.load_ms

    @property
    def thermal_changed(self) -> bool:
        """Whether the machine became warmer or cooler meanwhile, as far as is known."""
        return _changed(self.thermal)


@dataclass(frozen=True)
class Pairs:
    """Native times in ms of two models that were called alternately, pair by pair; *batch*: calls of one sample."""

    current_ms: tuple[float, ...]
    other_ms: tuple[float, ...]
    batch: int = 1

    @property
    def swapped(self) -> Pairs:
        """The same with the models in each other's place."""
        return Pairs(self.other_ms, self.current_ms, self.batch)


@dataclass(frozen=True)
class Measurement:
    """The calls of one run after warm-up, in the order made.

    *native_ms*, *wall_ms*, *wait_ms*: one value a sample; *wait_ms* is None where the platform gives no reading.
    *warmup*: calls made before, not counted. *batch*: calls that one sample is the mean of (1, but for very short
    calls). *first_ms*: native time of the very first prediction after loading, where this run made it. *thermal*: None
    where the system does not tell.
    """

    native_ms: tuple[float, ...]
    wall_ms: tuple[float, ...]
    wait_ms: tuple[float, ...] | None
    warmup: int
    batch: int = 1
    first_ms: float | None = None
    thermal: Thermal | None = None

    @property
    def thermal_changed(self) -> bool:
        """Whether the machine became warmer or cooler meanwhile, as far as is known."""
        return _changed(self.thermal)

    @cached_property
    def undisturbed_ms(self) -> tuple[float, ...]:
        """Native times of the undisturbed calls; all calls where waiting cannot be read."""
        if self.wait_ms is None:
            return self.native_ms
        triples = zip(self.native_ms, self.wall_ms, self.wait_ms, strict=True)
        # A list comprehension is faster, and a comparison of reports comes here for millions of calls.
        return tuple([native for native, wall, wait in triples if wait <= UNDISTURBED_SHARE * wall])

    @property
    def undisturbed(self) -> int:
        """How many calls were undisturbed."""
        return len(self.undisturbed_ms)

    @property
    def usable(self) -> bool:
        """Whether enough calls were undisturbed for a judgement."""
        planned = min(USABLE_CALLS, len(self.native_ms))
        return self.undisturbed >= max(planned, USABLE_SHARE * len(self.native_ms), 1)

    @cached_property
    def judged_ms(self) -> tuple[float, ...]:
        """The times that figures are made of: undisturbed calls when there are enough, else all."""
        return self.undisturbed_ms if self.usable else self.native_ms

    def quantile_ms(self, q: float) -> float:
        """Give the *q* quantile (0..1) of the judged native times."""
        return quantile(self.judged_ms, q)

    @property
    def min_ms(self) -> float:
        """Shortest judged native time."""
        return min(self.judged_ms)

    @property
    def p10_ms(self) -> float:
        """10 % quantile of the judged native times."""
        return self.quantile_ms(0.10)

    @property
    def median_ms(self) -> float:
        """Median of the judged native times."""
        return statistics.median(self.judged_ms)

    @property
    def p90_ms(self) -> float:
        """90 % quantile of the judged native times."""
        return self.quantile_ms(0.90)

    @property
    def p95_ms(self) -> float:
        """95 % quantile of the judged native times."""
        return self.quantile_ms(0.95)

    @property
    def fps(self) -> float:
        """Predictions a second at the median."""
        return 1000.0 / self.median_ms if self.median_ms > 0 else float("inf")
