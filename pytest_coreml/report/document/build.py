"""The document of a report, from the records, models and machines of a run."""

from __future__ import annotations

from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytest_coreml._version import __version__
from pytest_coreml.report.document.codec import encode_model, encode_record, encode_variant_group
from pytest_coreml.report.document.schema import SCHEMA_VERSION
from pytest_coreml.verdict.repeated_records import last_attempts
from pytest_coreml.verdict.variant_rows import variant_groups

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from pytest_coreml.facts.model_spec import ModelSpec
    from pytest_coreml.report.document.dataclass_codec import Json
    from pytest_coreml.verdict.record import Record


def build_report(
    records: Iterable[Record],
    models: Iterable[ModelSpec],
    machine: Mapping[str, Any],
    machines: Mapping[str, Mapping[str, Any]] | None = None,
    created: datetime | None = None,
) -> Json:
    """Return the document of a report.

    *machine* and *machines* are JSON objects as the schema describes them; *machines* contains those that records name
    by key. *created* is the current time by default. The home folder is written as `~` wherever a record mentions it.
    """
    found = list(records)
    when = (created or datetime.now(timezone.utc)).astimezone(timezone.utc)
    document: Json = {
        "schema_version": SCHEMA_VERSION,
        "created": when.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "tool": {"name": "pytest-coreml", "version": __version__},
        "machine": dict(machine),
        "models": {spec.sha256: encode_model(spec) for spec in models},
        "tests": [_without_home(encode_record(record), str(Path.home())) for record in found],
    }
    clocks = {record.measured_by for record in found}
    if len(clocks) == 1:
        document["measured_by"] = clocks.pop()
    home = str(Path.home())
    variants = [encode_variant_group(group) for group in variant_groups(last_attempts(found))]
    if variants:
        document["variants"] = [_without_home_in_variants(group, home) for group in variants]
    if machines:
        document["machines"] = {key: dict(facts) for key, facts in machines.items()}
    return document


def _without_home(entry: Json, home: str) -> Json:
    entry["id"] = _shorten(entry["id"], home)
    if entry["problem"]:
        entry["problem"] = _shorten(entry["problem"], home)
    entry["notes"] = [_shorten(note, home) for note in entry["notes"]]
    observed = entry["observed"] or {"devices": [], "notes": []}
    observed["notes"] = [_shorten(note, home) for note in observed["notes"]]
    for part in (*entry["checks"], *observed["devices"], entry["placement"], entry["regression"], entry["duet"]):
        if part and part["reason"]:
            part["reason"] = _shorten(part["reason"], home)
    return entry


def _without_home_in_variants(group: Json, home: str) -> Json:
    for row in group["rows"]:
        row["problem"] = _shorten(row["problem"], home) if row["problem"] else None
    return {**group, "test": _shorten(group["test"], home)}


def _shorten(text: str, home: str) -> str:
    # A home folder of `/` or so would be found everywhere, and names nobody.
    return text.replace(home, "~") if len(home) > 4 else text
