"""A comparison as JSON, for programs."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from pytest_coreml.report.document.codec import encode_check, encode_operation, encode_regression, finite
from pytest_coreml.report.text.findings import change_lines, verdict_lines

if TYPE_CHECKING:
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
    }
