"""Read reports from disk, completely checked."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from pytest_coreml.errors import ReportError, UnreadableReportError
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
    document = read_document(path)
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
    return _parse(path, _read(path))


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            # A file that is too large is not read. A pipe has no size.
            size = os.fstat(file.fileno()).st_size
            content = file.read(SIZE_LIMIT + 1) if size <= SIZE_LIMIT else b""
    except OSError as error:
        raise UnreadableReportError(f"cannot read the report {path}: {error.strerror or error}") from error
    if max(size, len(content)) > SIZE_LIMIT:
        raise UnreadableReportError(f"{path}: larger than {SIZE_LIMIT // 1024**2} MiB, so it is not a report")
    return content


def _parse(path: Path, content: bytes) -> Any:
    # Counted before parsing: a gigabyte of empty lists needs twenty gigabytes as Python objects.
    parts = content.count(b"[") + content.count(b"{")
    if parts > MAX_PARTS or content.count(b",") > MAX_VALUES:
        raise UnreadableReportError(f"{path}: contains more lists or values than any report")
    try:
        return json.loads(content.decode("utf-8-sig"), parse_constant=str)
    except json.JSONDecodeError as error:
        raise UnreadableReportError(
            f"{path}: not JSON: {error.msg}, line {error.lineno} column {error.colno}"
        ) from error
    except UnicodeDecodeError as error:
        raise UnreadableReportError(f"{path}: not valid UTF-8: invalid byte at offset {error.start}") from error
    except RecursionError as error:
        raise UnreadableReportError(f"{path}: nested too deeply for a report") from error
    except ValueError as error:  # an integer with thousands of digits
        raise UnreadableReportError(f"{path}: {error}") from error


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
