"""Read reports from disk, completely checked."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from pytest_coreml.errors import ReportError
from pytest_coreml.facts.garbage import collection_paused
from pytest_coreml.facts.json_text import JsonLimits, parse_json, read_limited
from pytest_coreml.report.document.codec import decode_model, decode_record
from pytest_coreml.report.document.schema import SCHEMA_VERSION, validate
from pytest_coreml.report.document.schema_errors import place
from pytest_coreml.verdict.record import note_sizes

if TYPE_CHECKING:
    from pathlib import Path

    from pytest_coreml.facts.model_spec import ModelSpec
    from pytest_coreml.report.document.dataclass_codec import Json
    from pytest_coreml.verdict.record import Record

# About ten times a report of 10,000 tests with 100 calls each. A larger file is not a report, and would not fit into
# memory.
SIZE_LIMIT: Final = 512 * 1024 * 1024
# About ten times the same, which fits into a gigabyte as Python objects.
MAX_PARTS: Final = 4_000_000
MAX_VALUES: Final = 40_000_000


@dataclass(frozen=True)
class Report:
    """A report as the core's data."""

    created: str
    """The time of the run, in UTC, such as `2026-01-31T12:00:00Z`."""
    tool: str
    """The name and version of the tool that wrote it."""
    machine: Json
    """The machine that measured, as a JSON object that the schema describes."""
    machines: dict[str, Json]
    """The machines that records name by key; empty if there was one machine."""
    models: dict[str, ModelSpec]
    """The descriptions of the models by SHA-256."""
    records: list[Record]
    """One record for each test and configuration."""
    document: Json = field(repr=False)
    """The whole document, as read."""

    def get_machine(self, record: Record) -> Json:
        """Return the machine that measured *record*."""
        return self.machines[record.machine] if record.machine else self.machine


def read_report(path: Path) -> Report:
    """Read and check the report at *path*.

    Raise `ReportError` with the file, and the place in it, if it cannot be read or is not a valid report.
    """
    with collection_paused():
        return decode_report(read_document(path))


def decode_report(document: Json) -> Report:
    """Return the report that *document* contains, which the schema accepts."""
    models = {sha256: decode_model(sha256, model) for sha256, model in document["models"].items()}
    records = [decode_record(entry) for entry in document["tests"]]
    note_sizes(records, models)
    return Report(
        created=document["created"],
        tool=f"{document['tool']['name']} {document['tool']['version']}",
        machine=document["machine"],
        machines=document.get("machines", {}),
        models=models,
        records=records,
        document=document,
    )


def read_document(path: Path) -> Json:
    """Read and check the report at *path*; return it as a JSON object. Raise `ReportError` like `read_report`."""
    document: Json = read_json(path)
    try:
        _check_kind(document)
        validate(document)
        _check_references(document)
    except ReportError as error:
        raise ReportError(f"{path}: {error}") from error
    return document


def read_json(path: Path) -> Any:
    """Return the JSON value in the file at *path*; raise `ReportError` if it cannot be read or is too large."""
    return parse_json(path, read_limited(path, SIZE_LIMIT), JsonLimits(SIZE_LIMIT, MAX_PARTS, MAX_VALUES))


def _check_kind(document: object) -> None:
    """Raise `ReportError` for a report of a newer version, and for a file that is not a report at all."""
    version = document.get("schema_version") if isinstance(document, dict) else None
    if not isinstance(version, int) or isinstance(version, bool):
        raise ReportError("not a report of pytest-coreml: it has no schema_version")
    if version > SCHEMA_VERSION:
        raise ReportError(
            f"written in report format {version}, and this version of pytest-coreml reads formats up to "
            f"{SCHEMA_VERSION}; upgrade with: pip install --upgrade pytest-coreml"
        )


def _check_references(document: Json) -> None:
    """Check what a schema cannot express: the arrays of a measurement have one length, and machines exist."""
    machines = document.get("machines", {})
    for index, test in enumerate(document["tests"]):
        if test["predict"]:
            _check_lengths(test["predict"], index)
        if test.get("machine") is not None and test["machine"] not in machines:
            raise ReportError(f"tests[{index}].machine: no machine {test['machine']!r} in machines")


def _check_lengths(predict: Json, index: int) -> None:
    expected = len(predict["native_ms"])
    for name in ("wall_ms", "wait_ms"):
        if predict[name] is not None and len(predict[name]) != expected:
            where = place(["tests", index, "predict", name])
            raise ReportError(f"{where}: {len(predict[name])} samples, but native_ms has {expected}")
