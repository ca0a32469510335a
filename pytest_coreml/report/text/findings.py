"""The verdicts on one measurement against its baseline, in lines."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_coreml.report.text.changes_text import changes_lines
from pytest_coreml.report.text.failure_text import check_line
from pytest_coreml.report.text.numbers import printable
from pytest_coreml.report.text.regression_text import regression_text

if TYPE_CHECKING:
    from pytest_coreml.report.document.runs import Key
    from pytest_coreml.verdict.regression.comparison import Row
    from pytest_coreml.verdict.regression.judge import Findings


def key_text(key: Key) -> str:
    """Name a measurement: node id, compute units, and what was loaded where it is not the main function."""
    node, units, variant = key
    return printable(f"{node} {units}" if variant == "main" else f"{node} {units} {variant}")


def row_text(row: Row) -> str:
    """Name a measurement, and the machine where several made it."""
    return key_text(row.key) + (f" on {printable(row.machine)}" if row.machine is not None else "")


def verdict_lines(findings: Findings) -> list[tuple[str, str]]:
    """Give verdict and words of each judgement: the time, and the other figures unless they passed beside it."""
    time = [(str(findings.time.verdict), printable(regression_text(findings.time)))] if findings.time else []
    others = [
        (str(check.verdict), printable(check_line(check)))
        for check in findings.checks
        if check.verdict != "passed" or findings.time is None
    ]
    return [*time, *others]


def change_lines(findings: Findings) -> list[str]:
    """Give a line for each kind of change against the baseline."""
    return [printable(line) for line in changes_lines(findings.changes)]
