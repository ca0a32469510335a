"""The words for a verdict against the baseline."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pytest_coreml.facts.reason import Cause, Reason
from pytest_coreml.report.text.regression_text import comparison_text, regression_text
from pytest_coreml.verdict.regression.prediction_time import Regression

SLOWER = Regression(
    runs=3, effect=0.102, margin=0.024, verdict="failed", reason="slower", baseline_runs=3, processes=2,
    baseline_ms=10.8, current_ms=11.9, calls=100, undisturbed=97, sensitivity=0.05,
)  # fmt: skip


def test_regressed() -> None:
    """A failure has effect, its lower bound, undisturbed calls, baseline runs and how it was confirmed."""
    assert regression_text(SLOWER) == (
        "p10 11.9 ms vs 10.8 ms, +10.2 % (99 % lower bound +7.6 %), 97 of 100 calls undisturbed, 3 baseline runs: "
        "REGRESSED, confirmed in 2 processes"
    )


def test_a_ratio_names_a_clock_that_is_not_core_mls() -> None:
    """A version that ONNX Runtime executes slower is not slower on Apple's hardware."""
    paired = replace(SLOWER, against="Old.mlpackage")

    assert comparison_text(paired, "reference").startswith(
        "against the other version, by the clock of the reference runtime: median 11.9 ms vs 10.8 ms of Old.mlpackage"
    )
    assert comparison_text(paired, "coreml").startswith("against the other version: median 11.9 ms")


def test_ok_that_is_coarse() -> None:
    """A pass that could not have seen a tenth says what it could have seen."""
    fine = Regression(3, 0.0, 0.2, "passed", processes=1, baseline_ms=10, current_ms=10, sensitivity=0.224)

    assert regression_text(fine).endswith(": ok, but only a slowdown of 22.4 % would have failed")


def test_cannot_tell_names_cause_and_cure() -> None:
    """A disturbed run says how often, how much, and what to do."""
    disturbed = Regression(
        3, None, None, "inconclusive", "current run disturbed", calls=100, undisturbed=7, disturbance=0.41
    )

    assert regression_text(disturbed) == (
        "CANNOT TELL: other processes held the CPU during 93 of 100 calls (median 41.0 % of a call); "
        "close other programs, or use fewer threads than cores, and run again"
    )


def test_another_machine_names_the_cure() -> None:
    """A test without a comparison says why, and what to do."""
    reason = Reason(Cause.OTHER_MACHINE, ("chip A, now B",))
    foreign = Regression(0, None, None, "inconclusive", reason)

    assert regression_text(foreign) == (
        "CANNOT TELL: not the same machine: chip A, now B; record a baseline on this kind of machine"
    )


@pytest.mark.parametrize(("runs", "why"), [(1, ""), (3, ", as baseline runs differ by 14.0 %")])
def test_too_noisy_says_what_may_be_luck(runs: int, why: str) -> None:
    """One baseline run cannot differ from itself, so that nothing is said of it."""
    noisy = Regression(runs, 0.08, 0.071, "inconclusive", "too noisy", spread=0.14 if runs > 1 else 0.0)

    assert regression_text(noisy) == (
        f"CANNOT TELL: slower by 8.0 %, with an uncertainty of 7.1 %{why}; record more baseline runs (have {runs})"
    )


def test_without_a_reading_of_wait_no_call_is_called_undisturbed() -> None:
    """Where CPU contention is unknown, the text claims nothing."""
    text = regression_text(replace(SLOWER, undisturbed=None))

    assert "100 calls, disturbance unknown, 3 baseline runs" in text


def test_an_unmeasured_machine_names_both_cures() -> None:
    """The comparison that needs no reading, and the option that takes the machine for idle."""
    text = regression_text(replace(SLOWER, verdict="inconclusive", reason="machine state not measured"))

    assert "--coreml-against" in text
    assert "--coreml-unmeasured=fail" in text
