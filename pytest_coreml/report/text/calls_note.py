"""The calls that times in a table are made of, in a sentence for below it, where that changes what a reader sees."""

from __future__ import annotations

import statistics
from typing import TYPE_CHECKING, Final

from pytest_coreml.report.text.numbers import count_of, percent

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pytest_coreml.facts.measurement import Measurement
    from pytest_coreml.verdict.record import Record

# Three digits are printed.
_ROUNDING: Final = 0.005


def calls_notes(records: Sequence[Record]) -> Iterator[str]:
    """Yield which calls the times of *records* are made of, which are those that limits are judged by.

    Nothing where all calls together have the same median but for rounding.
    """
    measured = [record.predict for record in records if record.predict is not None and record.predict.native_ms]
    if excess := [_excess(each) for each in measured if _differs(each)]:
        yield (
            "median, p90 and fps are of undisturbed calls, as limits in ms are judged; the medians of all calls are up "
            f"to {percent(max(excess))} longer"
        )
    if few := [each for each in measured if each.wait_ms is not None and not each.usable]:
        yield f"{count_of('row', len(few))} with too few undisturbed calls: median, p90 and fps are of all calls"


def _differs(measurement: Measurement) -> bool:
    return abs(_excess(measurement)) >= _ROUNDING


def _excess(measurement: Measurement) -> float:
    own = measurement.median_ms
    return statistics.median(measurement.native_ms) / own - 1 if own > 0 else 0.0
