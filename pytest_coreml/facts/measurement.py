"""Measurements: plain data, and the values that follow from it.

Times are in milliseconds. *Native* is the framework's own call, *wall* is around the Python call, *wait* is how long
the threads of the measuring process were runnable but not running during the call.
"""

from __future__ import annotations

import statistics
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pytest_coreml.facts.io import IO
    from pytest_coreml.facts.uniform_output import UniformOutput

# The machine's thermal state before and after, as the system names it.
Thermal = tuple[str, str]

# A call is undisturbed when its threads waited for a CPU for at most this share of its wall time.
UNDISTURBED_SHARE = 0.05
# A run whose CPU time was on efficiency cores for more than this share is slower than one on performance cores.
MAX_EFFICIENCY_SHARE = 0.25
# A run can be judged when it has this many undisturbed calls, or this share of all its calls, whichever is more.
USABLE_CALLS = 10
USABLE_SHARE = 0.10


def quantile(values: list[float] | tuple[float, ...], q: float) -> float:
    """Return the *q* quantile by linear interpolation between order statistics (numpy's default method).

    Raise `ValueError` for an empty sequence.
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
    """Compile and load times in ms, in the order measured."""

    compile_ms: tuple[float, ...] = ()
    """Wall times of compiling; Core ML does not report a duration for it."""
    first_load_ms: tuple[float, ...] = ()
    """Loads from a path that was never loaded before."""
    load_ms: tuple[float, ...] = ()
    """Loads from a path that was loaded before, in the same process."""
    fresh_load_ms: tuple[float, ...] = ()
    """Loads from a path that was loaded before, each in a fresh process, as at app launch; empty unless requested."""
    thermal: Thermal | None = None
    """The machine's thermal state before and after; None if the system does not report it."""
    alone: bool = True
    """True if the host-wide lock was held, so that no other engine process measured or loaded at the same time."""

    @property
    def loads_ms(self) -> tuple[float, ...]:
        """The loads from a path loaded before: those of fresh processes if there are any."""
        return self.fresh_load_ms or self.load_ms

    @property
    def thermal_changed(self) -> bool:
        """True if the thermal state is known to have changed during the measurement."""
        return _changed(self.thermal)


@dataclass(frozen=True)
class Pairs:
    """Native times in ms of two models whose calls were interleaved, pair by pair."""

    current_ms: tuple[float, ...]
    """One time a pair, of the model that is judged."""
    other_ms: tuple[float, ...]
    """One time a pair, of the model that it is compared with."""
    batch: int = 1
    """The number of calls that one time is the mean of."""

    @property
    def swapped(self) -> Pairs:
        """The same pairs with the two models exchanged."""
        return Pairs(self.other_ms, self.current_ms, self.batch)


@dataclass(frozen=True)
class Footprint:
    """The memory of the measuring process, read between calls of a sustained measurement."""

    calls: tuple[int, ...]
    """The number of calls that were made before each reading."""
    bytes: tuple[int, ...]
    """The memory at each reading, in bytes."""


@dataclass(frozen=True)
class Measurement:
    """The predictions of one run after warm-up, in the order made."""

    native_ms: tuple[float, ...]
    """Native time of each sample, in ms."""
    wall_ms: tuple[float, ...]
    """Wall time of each sample, in ms."""
    wait_ms: tuple[float, ...] | None
    """Wait time of each sample, in ms; None if the platform does not report it."""
    warmup: int
    """The number of warm-up calls, which are not among the samples."""
    batch: int = 1
    """The number of calls that one sample is the mean of: 1, more only for very short calls."""
    items: int = 1
    """The number of predictions that one call makes: 1, more for a batch."""
    in_flight: int = 1
    """The number of predictions that ran at the same time."""
    elapsed_ms: float | None = None
    """The time in which all samples were taken, in ms; None if calls ran one after the other, so that times add up."""
    first_ms: float | None = None
    """Native time in ms of the first prediction after loading; None if this run did not make it."""
    thermal: Thermal | None = None
    """The machine's thermal state before and after; None if the system does not report it."""
    efficiency_share: float | None = None
    """The share of the process's CPU time that was on efficiency cores, 0 to 1; None if the system does not report it,
    or every core is of one kind."""
    io: IO | None = None
    """The handling of input and output arrays; None if it was not recorded."""
    seconds: float | None = None
    """The requested duration of a sustained load, in s; None for a number of calls."""
    uniform_outputs: tuple[UniformOutput, ...] = ()
    """The outputs of the last prediction whose elements are all equal."""
    footprint: Footprint | None = None
    """The memory of the process during a sustained load; None for another measurement, or if the system does not report
    it."""

    @property
    def thermal_changed(self) -> bool:
        """True if the thermal state is known to have changed during the measurement."""
        return _changed(self.thermal)

    @property
    def on_efficiency_cores(self) -> bool:
        """True if much of the CPU time is known to have been on efficiency cores."""
        return self.efficiency_share is not None and self.efficiency_share > MAX_EFFICIENCY_SHARE

    @cached_property
    def undisturbed_ms(self) -> tuple[float, ...]:
        """Native times of the undisturbed calls, or of all calls if *wait_ms* is None."""
        if self.wait_ms is None:
            return self.native_ms
        triples = zip(self.native_ms, self.wall_ms, self.wait_ms, strict=True)
        # A list comprehension is faster, and a comparison of reports comes here for millions of calls.
        return tuple([native for native, wall, wait in triples if wait <= UNDISTURBED_SHARE * wall])

    @property
    def undisturbed(self) -> int:
        """The number of undisturbed calls."""
        return len(self.undisturbed_ms)

    @property
    def usable(self) -> bool:
        """True if there are enough undisturbed calls for a verdict."""
        planned = min(USABLE_CALLS, len(self.native_ms))
        return self.undisturbed >= max(planned, USABLE_SHARE * len(self.native_ms), 1)

    @cached_property
    def judged_ms(self) -> tuple[float, ...]:
        """The times that metrics are computed from: undisturbed calls if there are enough, else all calls."""
        return self.undisturbed_ms if self.usable else self.native_ms

    def quantile_ms(self, q: float) -> float:
        """Return the *q* quantile (0..1) of the judged native times."""
        return quantile(self.judged_ms, q)

    @property
    def min_ms(self) -> float:
        """The shortest judged native time."""
        return min(self.judged_ms)

    @property
    def p10_ms(self) -> float:
        """The 10 % quantile of the judged native times."""
        return self.quantile_ms(0.10)

    @property
    def median_ms(self) -> float:
        """The median of the judged native times."""
        return statistics.median(self.judged_ms)

    @property
    def p90_ms(self) -> float:
        """The 90 % quantile of the judged native times."""
        return self.quantile_ms(0.90)

    @property
    def p95_ms(self) -> float:
        """The 95 % quantile of the judged native times."""
        return self.quantile_ms(0.95)

    @property
    def workload(self) -> str:
        """The work of one call; times of different workloads are not comparable."""
        calls = f"batches of {self.items}" if self.items > 1 else "single predictions"
        return f"{calls}, {self.in_flight} in flight" if self.in_flight > 1 else calls

    @property
    def item_ms(self) -> float:
        """The median of the judged native times for each prediction of a call."""
        return self.median_ms / self.items

    @property
    def throughput(self) -> float:
        """Predictions that ended in a second: those in flight together, or one after the other."""
        elapsed = sum(self.wall_ms) * self.batch if self.elapsed_ms is None else self.elapsed_ms
        return 1000.0 * len(self.native_ms) * self.batch * self.items / elapsed if elapsed > 0 else float("inf")

    @property
    def fps(self) -> float:
        """Predictions per second at the median."""
        return 1000.0 * self.items / self.median_ms if self.median_ms > 0 else float("inf")
