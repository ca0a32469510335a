"""The verdicts on one measurement against its baseline, all together."""

from __future__ import annotations

from dataclasses import replace

import report_examples

from pytest_coreml.verdict.regression.judge import changes_since
from pytest_coreml.verdict.regression.run import Run

BEFORE = Run(report_examples.MACHINE, model=report_examples.SPEC)
UPDATED = Run({**report_examples.MACHINE, "os": {"name": "macOS", "build": "25G12"}}, model=report_examples.SPEC)


def test_changes_are_since_the_newest_run_of_the_same_kind_of_machine() -> None:
    """A newer run of another machine in the baseline says nothing of this one."""
    assert not changes_since([BEFORE, UPDATED], BEFORE)


def test_changes_are_since_the_newest_run_where_none_is_of_the_same_kind() -> None:
    """Operations and plans are compared across machines, and the difference is named."""
    grown = replace(UPDATED, model=replace(report_examples.SPEC, size_bytes=13_000_000))

    assert [difference.what for difference in changes_since([BEFORE], grown).differences] == [
        "OS build",
        "size in bytes",
    ]
