"""Sustained loads in lines: how the time of a call and the memory changed over the time."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Final

from pytest_coreml.facts.sustained import footprint_slope, quarter_medians, time_slope
from pytest_coreml.report.text.layout import left_out, wrapped
from pytest_coreml.report.text.numbers import number, thermal_words

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pytest_coreml.facts.measurement import Measurement
    from pytest_coreml.verdict.record import Record

# The report contains all of them.
_MAX_LOADS: Final = 20


def sustained_lines(records: Sequence[Record], width: int) -> Iterator[str]:
    """Return the lines of the sustained loads of *records*, none if there are none."""
    texts = list(sustained_texts(records))
    if not texts:
        return
    yield "sustained load"
    for text in islice(texts, _MAX_LOADS):
        yield from wrapped(text, "  ", width)
    if len(texts) > _MAX_LOADS:
        yield f"  {left_out(len(texts) - _MAX_LOADS)}"
    yield ""


def sustained_texts(records: Sequence[Record]) -> Iterator[str]:
    """Return each sustained load in a sentence that names its model."""
    for record in records:
        if record.sustained is not None:
            yield f"{record.model_name} on {record.subject}: {sustained_words(record.sustained)}"


def sustained_words(sustained: Measurement) -> str:
    """Return duration, calls, the median of each quarter, the slopes, and the thermal states at both ends."""
    calls = len(sustained.native_ms) * sustained.batch
    parts = [
        f"{calls:,} calls in {number(sustained.seconds)} s",
        f"quarters {', '.join(map(number, quarter_medians(sustained)))} ms",
    ]
    if (slope := time_slope(sustained)) is not None:
        parts.append(f"{_signed(slope)} ms a minute")
    if sustained.footprint is not None and (growth := footprint_slope(sustained.footprint)) is not None:
        parts.append(f"memory {growth:+,.0f} bytes a call")
    if sustained.thermal is not None:
        parts.append(f"thermal state {thermal_words(sustained.thermal)}")
    return "; ".join(parts)


def _signed(value: float) -> str:
    return f"{'+' if value > 0 else ''}{number(round(value, 6))}"
