"""The text of a failure says what was expected, what came, how and where, and what to type next."""

from __future__ import annotations

from dataclasses import replace

from report_examples import MACHINE, MEASUREMENT, bare_record, record

from pytest_coreml.facts.agreement import Agreement
from pytest_coreml.facts.placement import Placement
from pytest_coreml.facts.reason import Cause, Reason, WorstInput
from pytest_coreml.report.text.failure_text import check_line, failure_line, failure_text
from pytest_coreml.verdict.check import Check
from pytest_coreml.verdict.regression.prediction_time import Regression

SLOWER = Regression(3, 0.12, 0.02, "failed", "slower", processes=2, baseline_ms=28.1, current_ms=31.5, calls=100)


def test_a_missed_budget_is_told_from_end_to_end():
    """The whole text, as a user sees it."""
    text = failure_text(record(regression=None), "failed", MACHINE, figures="pytest --coreml-report")

    assert text.splitlines() == [
        "Encoder.mlpackage on cpuAndNeuralEngine: predict median 31.5 ms, budget 25 ms (+26.0 %)",
        "  4 calls after 20 warm-ups, each the mean of 2, 3 undisturbed, p10-p90 31.1-72.6 ms",
        "  planned placement: neuralEngine 75.0 % of cost; on cpu: 1 x gather; not known where: 1 x relu",
        "  Apple M4 Pro, macOS 26.5.1, coremltools 9.0",
        "  to see every value: pytest --coreml-report",
    ]


def test_the_time_of_a_batch_is_told_with_that_of_its_predictions():
    """The median of a call and the number of its predictions determine the time of each."""
    batch = replace(MEASUREMENT, batch=1, items=8)

    text = failure_text(record(regression=None, predict=batch), "failed", MACHINE)

    assert f"4 calls of 8 predictions each ({batch.median_ms / 8:.2f} ms) after 20 warm-ups, 3 undisturbed" in text


def test_what_was_not_measured_is_not_told():
    """A size needs neither calls nor a plan."""
    text = failure_text(bare_record(checks=[Check("size_mb", 10, 12.4, "failed")]), "failed", MACHINE)

    assert text.splitlines()[0] == "Encoder.mlpackage on all: size 12.4 MB, budget 10 MB (+24.0 %)"
    assert "calls" not in text
    assert "placement" not in text


def test_what_was_measured_and_does_not_matter_is_not_told():
    """A failure of a size has no text on calls and devices."""
    text = failure_text(record(checks=[Check("size_mb", 10, 12.4, "failed")], regression=None), "failed", MACHINE)

    assert "calls" not in text
    assert "placement" not in text


def test_an_unknown_plan_is_called_unknown():
    """Nothing is said of devices when the plan names none."""
    text = failure_text(record(placement=Placement((), reason="no plan here")), "failed", MACHINE)

    assert "planned placement: unknown, no plan here" in text


def test_lower_limits_are_told_as_such():
    """A speed-up has a least, not a most; a share differs in points, since percent of percent mislead."""
    assert (
        check_line(Check("min_speedup[cpuOnly]", 2.0, 1.4, "failed"))
        == "speed-up over cpuOnly 1.40 x, at least 2 x (-30.0 %)"
    )
    assert (
        check_line(Check("min_share[gpu]", 0.95, 0.5, "failed"))
        == "planned share on gpu 50.0 %, at least 95.0 % (-45.0 points)"
    )


def test_a_difference_that_would_read_as_none_is_left_out():
    """Both figures have the digits in which they differ."""
    check = Check("min_cosine[y]", 0.99999999, 0.9999998, "failed")

    text = failure_text(bare_record(checks=[check]), "failed", MACHINE)

    assert text.splitlines()[0].endswith("cosine of y 0.9999998, at least 0.99999999")


def test_a_check_without_a_value_gives_its_reason():
    """Nothing is invented where nothing was measured."""
    line = check_line(Check("load_ms", 10, None, "not_judged", "nothing was measured"))

    assert line == "load, budget 10 ms: nothing was measured"


def test_a_check_without_a_limit_names_none():
    """A baseline of which no run can be used gives no limit."""
    line = check_line(Check("regression[load_ms]", None, None, "not_judged", "in every baseline run the CPU was held"))

    assert line == "shortest load against the baseline: in every baseline run the CPU was held"


def test_a_regression_is_told_with_changes_and_the_command_that_accepts_it():
    """The last line but one is the command that accepts the change."""
    slower = record(checks=[], notes=["operations: conv 12 -> 13"])

    lines = failure_text(slower, "failed", MACHINE, "see it", "accept it").splitlines()

    assert lines[0].startswith("Encoder.mlpackage on cpuAndNeuralEngine: +12.0 % (99 % lower bound +9.8 %)")
    assert lines[1] == "  changed: operations: conv 12 -> 13"
    assert lines[-2] == "  to accept the new state: accept it"


def test_a_slower_version_is_nothing_that_a_baseline_accepts():
    """The command would not help, and the calls are not those that were compared."""
    slower = replace(SLOWER, against="Old.mlpackage")

    text = failure_text(record(checks=[], regression=None, duet=slower), "failed", MACHINE, accept="accept it")

    assert "of Old.mlpackage, +12.0 %" in text
    assert "accept" not in text
    assert "warm-ups" not in text


def test_both_comparisons_are_told():
    """A model can be slower than its finished runs and than the other version."""
    both = record(checks=[], regression=SLOWER, duet=replace(SLOWER, against="Old.mlpackage"))

    lines = failure_text(both, "failed", MACHINE, accept="accept it").splitlines()

    assert lines[0].endswith("3 baseline runs: REGRESSED, confirmed in 2 processes")
    assert "of Old.mlpackage" in lines[1]
    assert "  to accept the new state: accept it" in lines


def test_a_failure_in_one_line_is_its_figure():
    """It fits behind the name of a test; what else failed is counted."""
    failed = [
        Check("predict_ms", 25, 31.44, "failed"),
        Check("min_speedup[cpuOnly]", 2.0, 1.4, "failed"),
        Check("min_share[gpu]", 0.95, 0.5, "failed"),
    ]
    lines = [failure_line([record(checks=[check], regression=None)]) for check in failed]

    assert lines == [
        "predict median 31.4 > 25 ms",
        "speed-up over cpuOnly 1.40 < 2 x",
        "planned share on gpu 50.0 % < 95.0 %",
    ]
    assert failure_line([record(checks=failed)]) == "predict median 31.4 > 25 ms, and 3 more"
    assert failure_line([record(checks=[], regression=SLOWER)]) == "+12.0 % against the baseline"


def test_an_inconclusive_check_that_fails_its_test_has_its_reason_in_one_line():
    """With `--coreml-inconclusive=fail` it is the cause of the failure."""
    unknown = Check("predict_ms", 25, 31.44, "inconclusive", "the machine was busy")

    line = failure_line([record(checks=[unknown], regression=None)], "inconclusive")

    assert line == "predict_ms: inconclusive: the machine was busy"


def test_the_saved_input_is_named_with_the_first_limit_that_failed():
    """Two limits can have different worst inputs, and one is saved."""
    psnr = Check("min_psnr[y]", 20.0, 40.0, "failed", Reason(Cause.OUTPUTS_DIFFER, WorstInput("cpuOnly", 7, 20)))
    largest = Check("max_abs[y]", 0.5, 0.1, "failed", Reason(Cause.OUTPUTS_DIFFER, WorstInput("cpuOnly", 3, 20)))
    agreement = Agreement("cpuOnly", 20, (), saved_input="r-inputs/a.npz")

    text = failure_text(record(checks=[psnr, largest], agreement=(agreement,)), "failed", MACHINE)

    assert "  input 7, the worst for PSNR of y, is in r-inputs/a.npz, beside the report" in text.splitlines()
