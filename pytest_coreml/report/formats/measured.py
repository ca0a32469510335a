"""The measurements of a report under unique names, for other benchmark tools."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from pytest_coreml.escaping import printable
from pytest_coreml.facts.suffixes import MODEL_SUFFIXES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_coreml.facts.measurement import Measurement
    from pytest_coreml.report.document.read import Report
    from pytest_coreml.verdict.record import Record


def measured(report: Report) -> Iterator[tuple[str, Record, Measurement]]:
    """Yield name, record and measurement of each measured key; of several attempts, the last."""
    last = {(record.key, record.machine): record for record in report.records}
    for record in last.values():
        if record.predict is not None:
            yield measurement_name(record), record, record.predict


def measurement_name(record: Record) -> str:
    """Return the node id and what distinguishes this measurement from others of the same test."""
    parts = [
        None if record.id_names_units else record.compute_units,
        record.configuration,
        record.machine,
    ]
    return printable(" ".join([record.id, *(part for part in parts if part)]))


def short_name(name: str) -> str:
    """Return *name* without the path, and without the file unless it is a model, which says more than a test."""
    file, _, test = name.partition("::")
    path = PurePosixPath(file)
    return f"{path.name}::{test}" if path.suffix in MODEL_SUFFIXES else name.rpartition("::")[2]
