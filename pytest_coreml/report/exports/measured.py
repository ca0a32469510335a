"""What other benchmark tools can take of a report: measurements, each under a name of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_coreml.measurement import Measurement
    from pytest_coreml.record import Record
    from pytest_coreml.report.read import Report


def measured(report: Report) -> Iterator[tuple[str, Record, Measurement]]:
    """Give name, record and measurement of each measured key; of several attempts, the last."""
    last = {(record.key, record.machine): record for record in report.records}
    for record in last.values():
        if record.predict is not None:
            yield _name(record), record, record.predict


def _name(record: Record) -> str:
    """Give the node id, and what tells this measurement from others of the same test."""
    parts = [
        None if record.compute_units in record.id else record.compute_units,
        record.function if record.function not in (None, "main") else None,
        record.machine,
    ]
    return " ".join([record.id, *(part for part in parts if part)])
