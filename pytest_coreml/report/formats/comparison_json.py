"""A comparison as JSON, for programs."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from pytest_coreml.report.document.codec import (
    encode_cache,
    encode_check,
    encode_crossing,
    encode_operation,
    encode_regression,
    finite,
)
from pytest_coreml.report.text.findings import change_lines, verdict_lines

if TYPE_CHECKING:
    from pytest_coreml.verdict.regression.agreement_drops import AgreementDrop
    from pytest_coreml.verdict.regression.boundary_changes import BoundaryChanges, CrossingChange
    from pytest_coreml.verdict.regression.changes import Changes
    from pytest_coreml.verdict.regression.comparison import Comparison, Row
    from pytest_coreml.verdict.regression.run import MeasurementKey


def render(comparison: Comparison) -> str:
    """Return every verdict, value and change, and what only one side measured."""
    document = {
        "measurements": [_row(row) for row in comparison.rows],
        "only_baseline": [_key(key) for key in comparison.only_baseline],
        "only_current": [_key(key) for key in comparison.only_current],
    }
    return json.dumps(document, indent=2, allow_nan=False) + "\n"


def _row(row: Row) -> dict[str, Any]:
    time = row.findings.time
    return {
        **_key(row.key),
        "machine": row.machine,
        "verdict": row.worst,
        "effect": finite(time.effect) if time else None,
        "margin": finite(time.margin) if time else None,
        "regression": encode_regression(time) if time else None,
        "checks": [encode_check(check) for check in row.findings.checks],
        "changes": _changes(row.findings.changes),
        "findings": [{"verdict": verdict, "text": words} for verdict, words in verdict_lines(row.findings)],
        "changed": change_lines(row.findings),
    }


def _key(key: MeasurementKey) -> dict[str, str]:
    return dict(zip(("id", "compute_units", "variant"), key, strict=True))


def _changes(changes: Changes) -> dict[str, Any]:
    return {
        "moved": [vars(move) for move in changes.moved],
        "appeared": [encode_operation(op) for op in changes.appeared],
        "vanished": [encode_operation(op) for op in changes.vanished],
        "operations": {name: list(counts) for name, counts in changes.operators.items()},
        "differences": [vars(difference) for difference in changes.differences],
        "agreement": list(map(_drop, changes.drops)),
        "boundary": _boundary(changes.boundary),
    }


def _drop(drop: AgreementDrop) -> dict[str, Any]:
    return {
        "reference": drop.reference,
        "output": drop.output,
        "measures": {name: list(map(finite, pair)) for name, pair in drop.measures.items()},
        "non_finite": vars(drop.non_finite) if drop.non_finite is not None else None,
    }


def _boundary(changes: BoundaryChanges) -> dict[str, Any]:
    return {
        "crossings": list(map(_crossing, changes.crossings)),
        "appeared": list(map(encode_cache, changes.appeared)),
        "vanished": list(map(encode_cache, changes.vanished)),
    }


def _crossing(change: CrossingChange) -> dict[str, Any]:
    before, now = (encode_crossing(each) if each is not None else None for each in (change.before, change.now))
    return {"side": change.side, "name": change.name, "before": before, "now": now}
