"""A comparison with a baseline in lines: the verdicts on each measurement, and the totals."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from pytest_coreml.escaping import printable
from pytest_coreml.report.text.changes_text import changes_lines, move_lines
from pytest_coreml.report.text.failure_text import check_line
from pytest_coreml.report.text.regression_text import regression_text
from pytest_coreml.verdict.regression.moved import open_moves

if TYPE_CHECKING:
    from pytest_coreml.verdict.check import Verdict
    from pytest_coreml.verdict.regression.comparison import Comparison, Row
    from pytest_coreml.verdict.regression.judge import Findings
    from pytest_coreml.verdict.regression.run import MeasurementKey


def key_text(key: MeasurementKey) -> str:
    """Name a measurement: node id, compute units, and what was loaded where it is not the main function."""
    node, units, variant = key
    return printable(f"{node} {units}" if variant == "main" else f"{node} {units} {variant}")


def row_text(row: Row) -> str:
    """Name a measurement, and the machine where several made it."""
    return key_text(row.key) + (f" on {printable(row.machine)}" if row.machine is not None else "")


def verdict_lines(findings: Findings) -> list[tuple[Verdict, str]]:
    """Return verdict and words of each judgement: the time, and the other figures unless they passed beside it."""
    time = [(findings.time.verdict, printable(regression_text(findings.time)))] if findings.time else []
    others = [
        (check.verdict, printable(check_line(check)))
        for check in findings.checks
        if check.verdict != "passed" or findings.time is None
    ]
    return [*time, *others]


def change_lines(findings: Findings) -> list[str]:
    """Return a line for each kind of change against the baseline."""
    return [printable(line) for line in changes_lines(findings.changes)]


def remark_lines(findings: Findings) -> list[str]:
    """Return a line for each kind of change, with the word for it; what moved without a limit comes first."""
    moved = open_moves(findings.changes.moved, findings.checks)
    limited = tuple(move for move in findings.changes.moved if move not in moved)
    changed = changes_lines(replace(findings.changes, moved=limited))
    lines = [*(f"moved: {line}" for line in move_lines(moved)), *(f"changed: {line}" for line in changed)]
    return [printable(line) for line in lines]


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
