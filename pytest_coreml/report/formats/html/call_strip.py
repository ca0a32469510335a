"""The distribution of the calls of one measurement as the paths of a small SVG, which needs no script."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from pytest_coreml.facts.measurement import UNDISTURBED_SHARE
from pytest_coreml.report.text.numbers import number

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from pytest_coreml.facts.measurement import Measurement

WIDTH: Final = 400
# One call in a thousand that takes seconds would leave no room for the rest.
_MAX_STRETCH: Final = 4.0


@dataclass(frozen=True)
class CallStrip:
    """The marks of a strip that is `WIDTH` wide; texts are with units."""

    undisturbed: str
    """The path of the ticks of undisturbed calls."""
    disturbed: str
    """The same of disturbed calls."""
    spread: tuple[int, int]
    """The left edge and the width of the box from the 10 % to the 90 % quantile."""
    median: int
    """The place of the median."""
    limits: tuple[int, ...]
    """The places of budgets."""
    baseline: int | None
    """The place of the baseline; None without one."""
    low: str
    """The time at the left edge."""
    high: str
    """The time at the right edge."""
    waited: int
    """The number of disturbed calls."""
    beyond: int
    """The number of calls right of it."""
    words: str
    """The content of the strip as text, for screen readers."""


def call_strip(measurement: Measurement, limits: Sequence[float], baseline_ms: float | None) -> CallStrip:
    """Return the strip of *measurement* with budgets at *limits* and the baseline at *baseline_ms*."""
    marks = [*limits, *([baseline_ms] if baseline_ms is not None else [])]
    p10, p90 = measurement.p10_ms, measurement.p90_ms
    low = min(*measurement.native_ms, *marks, p10)
    highest = max(*measurement.native_ms, *marks, p90)
    high = min(highest, max([p90 + _MAX_STRETCH * max(p90 - p10, 0.05 * p90), *marks]))
    span = (high - low) or 1.0

    def place(value: float) -> int:
        return max(0, min(WIDTH, round((value - low) / span * WIDTH)))

    is_disturbed = disturbed_calls(measurement)
    pairs = list(zip(measurement.native_ms, is_disturbed, strict=True))
    left, right = place(p10), place(p90)
    return CallStrip(
        undisturbed=_ticks(place(value) for value, waited in pairs if not waited and value <= high),
        disturbed=_ticks(place(value) for value, waited in pairs if waited and value <= high),
        spread=(left, max(1, right - left)),
        median=place(measurement.median_ms),
        limits=tuple(map(place, limits)),
        baseline=place(baseline_ms) if baseline_ms is not None else None,
        low=f"{number(low)} ms",
        high=f"{number(high)} ms",
        waited=sum(is_disturbed),
        beyond=sum(value > high for value in measurement.native_ms),
        words=_words(measurement, sum(is_disturbed)),
    )


def disturbed_calls(measurement: Measurement) -> list[bool]:
    """Return for each call whether it is known to have been disturbed."""
    if measurement.wait_ms is None:
        return [False] * len(measurement.native_ms)
    pairs = zip(measurement.wall_ms, measurement.wait_ms, strict=True)
    return [wait > UNDISTURBED_SHARE * wall for wall, wait in pairs]


def _ticks(places: Iterable[int]) -> str:
    # One tick for calls at one place: it would be drawn over.
    return "".join(f"M{x} 8v16" for x in sorted(set(places)))


def _words(measurement: Measurement, disturbed: int) -> str:
    times = f"median {number(measurement.median_ms)} ms, p10 to p90 {number(measurement.p10_ms)} to "
    return f"{len(measurement.native_ms)} calls, {times}{number(measurement.p90_ms)} ms, {disturbed} disturbed"
