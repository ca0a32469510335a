"""The verdicts on one measurement against its baseline, all together."""

from __future__ import annotations

from dataclasses import replace

import pytest
import report_examples

from pytest_coreml.facts.measurement import LoadTimes
from pytest_coreml.facts.reason import Cause
from pytest_coreml.report.text.regression_text import regression_text
from pytest_coreml.verdict.regression.judge import Rules, changes_since, judge_against
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


def test_a_batch_is_not_compared_with_single_predictions() -> None:
    """The times of different workloads say nothing about each other."""
    single = replace(report_examples.MEASUREMENT, items=1)
    before, now = (replace(BEFORE, predict=measurement) for measurement in (single, replace(single, items=8)))

    findings = judge_against([before], [now], Rules())

    assert findings.time is not None
    assert findings.time.verdict == "inconclusive"
    assert regression_text(findings.time) == (
        "CANNOT TELL: the baseline measured single predictions, this run batches of 8; record a baseline of the same "
        "workload"
    )


def test_a_current_run_that_failed_before_it_measured_anything_has_failed() -> None:
    """A model that cannot be loaded is on no machine as good as before."""
    for before in (BEFORE, UPDATED):
        findings = judge_against([before], [Run(report_examples.MACHINE, failed=True)], Rules())

        assert findings.verdicts == ["failed"]
        assert findings.time is not None
        assert regression_text(findings.time) == "FAILED: the test failed before anything was measured"
        assert not findings.wants_another_run


@pytest.mark.parametrize(("first_load_ms", "wanted"), [(31.0, False), (300.0, True)])
def test_a_first_load_is_repeated_only_if_it_looks_slower(first_load_ms: float, wanted: bool) -> None:
    """Each one costs a specialization for the devices; what else looks slower is confirmed without one."""
    before = LoadTimes(first_load_ms=(30.0,), load_ms=(2.0,))
    now = LoadTimes(first_load_ms=(first_load_ms,), load_ms=(200.0,))

    findings = judge_against([replace(BEFORE, load=before)], [replace(BEFORE, load=now)], Rules())

    assert findings.wants_another_run
    assert findings.wants_first_load == wanted


def test_a_baseline_of_another_runtime_judges_sizes_and_no_times() -> None:
    """The baseline of a Mac serves a job on Linux; a machine of another chip with the same runtime is inconclusive."""
    before = replace(BEFORE, predict=report_examples.MEASUREMENT)
    grown = replace(before, model=replace(report_examples.SPEC, size_bytes=13_000_000))
    runtime = {"name": "reference", "version": "1"}

    elsewhere = judge_against([before], [replace(grown, machine={**BEFORE.machine, "runtime": runtime})], Rules())
    other_chip = judge_against([before], [replace(before, machine={**BEFORE.machine, "chip": "Apple M1"})], Rules())

    assert elsewhere.time is not None
    assert (elsewhere.time.verdict, elsewhere.time.cause) == ("not_judged", Cause.OTHER_RUNTIME)
    assert [check.verdict for check in elsewhere.checks] == ["failed"]
    assert other_chip.time is not None
    assert other_chip.time.verdict == "inconclusive"
