"""The course of a measurement over a long time: its quarters, and the slopes of time and memory."""

from __future__ import annotations

import statistics
from dataclasses import replace
from itertools import accumulate, combinations
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_coreml.facts.measurement import Footprint, Measurement

QUARTERS: Final = 4
# Slopes are those between the medians of so many parts: few enough to compare each with each.
_PARTS: Final = 20


def parts(measurement: Measurement, count: int) -> list[Measurement]:
    """Return the samples in *count* parts of equal time, those without a sample left out.

    A sample belongs to the part in which its middle lies. The thermal states are those of the whole, so that no part
    has them.
    """
    ends = list(accumulate(measurement.wall_ms))
    total = ends[-1] if ends else 0.0
    if total <= 0:
        return []
    found: list[list[int]] = [[] for _ in range(count)]
    for index, (end, wall) in enumerate(zip(ends, measurement.wall_ms, strict=True)):
        found[min(count - 1, int(count * (end - wall / 2) / total))].append(index)
    return [_chosen(measurement, indices) for indices in found if indices]


def quarter_medians(measurement: Measurement) -> list[float]:
    """Return the median of the native times in each quarter of the time, in ms."""
    return [part.median_ms for part in parts(measurement, QUARTERS)]


def last_quarter(measurement: Measurement) -> Measurement:
    """Return the samples of the last quarter of the time, or the last sample where that is longer.

    Raise `ValueError` for a measurement that took no time.
    """
    found = parts(measurement, QUARTERS)
    if not found:
        raise ValueError("a measurement that took no time has no quarters")
    return found[-1]


def time_slope(measurement: Measurement) -> float | None:
    """Return by how many ms a call becomes slower in a minute; None for less than two parts of the time.

    *measurement*: a sustained one.
    """
    every = parts(measurement, _PARTS)
    spent = list(accumulate(sum(part.wall_ms) for part in every))
    # Time passes between calls too, and calls in flight share it: the whole took the time that it was to take.
    minutes = measurement.seconds / 60 / spent[-1] if measurement.seconds is not None and spent else 0.0
    return _slope([ms * minutes for ms in spent], [part.median_ms for part in every])


def footprint_slope(footprint: Footprint) -> float | None:
    """Return by how many bytes the memory of the process grows in a call; None for less than two readings."""
    return _slope(footprint.calls, footprint.bytes)


def _chosen(measurement: Measurement, indices: Sequence[int]) -> Measurement:
    # The samples of a part follow each other.
    span = slice(indices[0], indices[-1] + 1)
    wait = measurement.wait_ms
    return replace(
        measurement,
        native_ms=measurement.native_ms[span],
        wall_ms=measurement.wall_ms[span],
        wait_ms=None if wait is None else wait[span],
        thermal=None,
        elapsed_ms=None,
    )


def _slope(xs: Sequence[float], ys: Sequence[float]) -> float | None:
    """Return the median of the slopes between all pairs of points, which single outliers do not move (Theil, Sen)."""
    pairs = combinations(zip(xs, ys, strict=True), 2)
    slopes = [(y2 - y1) / (x2 - x1) for (x1, y1), (x2, y2) in pairs if x2 > x1]
    return statistics.median(slopes) if slopes else None
