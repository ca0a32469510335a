"""Observations are in a failure, and in the summary with their counters."""

from __future__ import annotations

from report_examples import MACHINE, OBSERVED, bare_record

from pytest_coreml.facts.reason import Cause, DeviceShare, Reason
from pytest_coreml.report.text.failure_text import failure_line, failure_text
from pytest_coreml.report.text.observed_text import observed_lines
from pytest_coreml.verdict.check import Check

INACTIVE = Reason(Cause.OBSERVED_INACTIVE, DeviceShare("neuralEngine", 0.98))
MISSED = Check("observed[neuralEngine]", 1.0, 0.0, "failed", INACTIVE)


def test_a_failure_compares_the_plan_with_what_was_observed() -> None:
    """Expected and got, the plan's share, and the result for each device."""
    failed = bare_record(checks=[MISSED], observed=OBSERVED)

    first, second, *_ = failure_text(failed, "failed", MACHINE).splitlines()
    subject = "Encoder.mlpackage on all: observed on neuralEngine no, expected yes"
    assert first == f"{subject}: planned 98.0 % Neural Engine, observed: no activity"
    assert second == "  observed: Neural Engine unavailable, GPU active"
    assert failure_line([failed]) == "observed on neuralEngine no, expected yes"


def test_the_summary_has_a_line_for_each_configuration() -> None:
    """Nothing for one that was not observed."""
    lines = list(observed_lines([bare_record(observed=OBSERVED), bare_record()], 100))

    assert lines == ["observed on Encoder.mlpackage on all: Neural Engine unavailable, GPU active", ""]
    assert list(observed_lines([bare_record()], 100)) == []


def test_with_details_every_counter_is_told() -> None:
    """Its values with their unit, a hyphen for unknown ones, and the reason for what is unavailable."""
    lines = list(observed_lines([bare_record(observed=OBSERVED)], 200, verbose=True))

    assert lines[1:3] == [
        "  Neural Engine footprint, idle 0 bytes, control 0 bytes, section 0 bytes",
        "  GPU time, idle 12.5 ns/s, control -, section 400000000 ns/s",
    ]
    assert lines[3].startswith("  Neural Engine: nothing in this run moved")
