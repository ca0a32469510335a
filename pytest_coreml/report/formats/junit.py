"""The figures of a record as names and values, for JUnit and whatever else takes properties."""

from __future__ import annotations

import statistics
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_coreml.verdict.record import Record


def properties(record: Record) -> Iterator[tuple[str, float | str]]:
    """Give what was measured of *record*; the unit is in the name."""
    if record.predict is not None and record.predict.native_ms:
        yield "predict_median_ms", round(record.predict.median_ms, 4)
        yield "predict_p90_ms", round(record.predict.p90_ms, 4)
    for name in ("compile_ms", "first_load_ms", "load_ms"):
        samples: tuple[float, ...] = getattr(record.load, name, ())
        if samples:
            yield name, round(statistics.median(samples), 3)
    if record.memory_mb is not None:
        yield "memory_mb", round(record.memory_mb, 2)
    for name, found in (("regression", record.regression), ("duet", record.duet)):
        if found is not None:
            yield name, found.verdict
            if found.effect is not None:
                yield f"{name}_effect", round(found.effect, 4)
