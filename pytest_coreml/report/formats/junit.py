"""The values of a record as properties, for JUnit and other consumers of pytest's user properties."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

from pytest_coreml.facts.metrics import METRICS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_coreml.verdict.record import Record


# Digits after the decimal point.
_DIGITS: Final = {"ms": 4, "MB": 2}


def properties(record: Record) -> Iterator[tuple[str, float | str]]:
    """Yield a name, which contains the unit, and a value for each metric that was measured and each comparison."""
    measured = record.measured
    for metric in METRICS:
        value = metric.value(measured) if metric.value is not None else None
        if value is not None and math.isfinite(value):
            yield metric.exported_as, round(value, _DIGITS.get(metric.unit, 4))
    for name, found in (("regression", record.regression), ("duet", record.duet)):
        if found is not None:
            yield name, found.verdict
            if found.effect is not None:
                yield f"{name}_effect", round(found.effect, 4)
