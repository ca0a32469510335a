"""What is said below every comparison: measurements of one side, and the count of verdicts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_coreml.report.text.findings import key_text

if TYPE_CHECKING:
    from pytest_coreml.verdict.regression.comparison import Comparison


def one_sided(comparison: Comparison) -> list[str]:
    """Name the measurements that only one side has."""
    return [f"only in the baseline: {key_text(key)}" for key in comparison.only_baseline] + [
        f"only in the current report: {key_text(key)}" for key in comparison.only_current
    ]


def total(comparison: Comparison) -> str:
    """Count the verdicts, in one line."""
    if not comparison.rows:
        return "nothing to compare: the two sides have no measurement in common"
    words = ", ".join(f"{comparison.count(verdict)} {verdict}" for verdict in ("failed", "inconclusive"))
    return f"{len(comparison.rows)} compared, {words}"
