"""What other benchmark tools can take of a report: measurements, each under a name of its own."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from pytest_coreml.facts.suffixes import MODEL_SUFFIXES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_coreml.facts.measurement import Measurement
    from pytest_coreml.report.document.read import Report
    from pytest_coreml.verdict.record import Record


def measured(report: Report) -> Iterator[tuple[str, Record, Measurement]]:
    """Give name, record and measurement of each measured key; of several attempts, the last."""
    last = {(record.key, record.machine): record for record in report.records}
    for record in last.values():
        if record.predict is not None:
            yield name_of(record), record, record.predict


def name_of(record: Record) -> str:
    """Give the node id, and what tells this measurement from others of the same test."""
    parts = [
        None if record.id_names_units else record.compute_units,
        record.variant,
        record.machine,
    ]
    return " ".join([record.id, *(part for part in parts if part)])


def short_name(name: str) -> str:
    """Give *name* without the path, and without the file but where that is a model, which tells more than a test."""
    file, _, test = name.partition("::")
    path = PurePosixPath(file)
    return f"{path.name}::{test}" if path.suffix in MODEL_SUFFIXES else name.rpartition("::")[2]
