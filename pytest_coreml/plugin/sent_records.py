"""The records that a test sends with its report; they are encoded where the report leaves the process."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from pytest_coreml.report.document.codec import decode_model, decode_record, encode_model, encode_record

if TYPE_CHECKING:
    from pytest_coreml.facts.model_spec import ModelSpec
    from pytest_coreml.facts.timeline import Track
    from pytest_coreml.verdict.record import Record


@dataclass(frozen=True)
class SentRecords:
    """The records of one attempt at a test, and what a report needs beside them."""

    records: list[Record]
    models: dict[str, ModelSpec]
    """Specifications of the models of *records*, by digest."""
    machine: dict[str, Any]
    """Facts about the machine that measured, as a report has them."""
    worker: str | None
    """The worker of pytest-xdist that measured, None in a process that is not a worker."""
    position: int
    """The position of the test among all that were collected."""
    devices: dict[str, Any] = field(default_factory=dict)
    """The devices of device reports, by the names that records have for them."""
    tracks: list[Track] = field(default_factory=list)
    """The events recorded for a timeline since the last records were sent."""


def encoded(sent: SentRecords) -> dict[str, Any]:
    """Return *sent* as plain data, which pytest-xdist can send."""
    data = {
        "records": [encode_record(record) for record in sent.records],
        "models": {digest: encode_model(spec) for digest, spec in sent.models.items()},
        "machine": sent.machine,
        "worker": sent.worker,
        "position": sent.position,
        "devices": sent.devices,
    }
    if sent.tracks:
        from pytest_coreml.report.document.timeline_codec import encode_tracks

        data["tracks"] = encode_tracks(sent.tracks)
    return data


def decoded(data: dict[str, Any]) -> SentRecords:
    """Return what `encoded` made plain data of."""
    records = [decode_record(entry) for entry in data["records"]]
    models = {digest: decode_model(digest, entry) for digest, entry in data["models"].items()}
    return replace(SentRecords(**data), records=records, models=models, tracks=_tracks(data))


def _tracks(data: dict[str, Any]) -> list[Track]:
    if "tracks" not in data:
        return []
    from pytest_coreml.report.document.timeline_codec import decode_tracks

    return decode_tracks(data["tracks"])
