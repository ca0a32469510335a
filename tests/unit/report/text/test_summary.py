"""The summary is one readable table and every check that did not pass."""

from __future__ import annotations

from report_examples import RECORD, bare_record

from pytest_coreml.report.text.summary import MAX_ROWS, summary_lines
from pytest_coreml.verdict.check import Check


def test_a_run_without_records_has_no_summary():
    """Nothing measured, nothing said."""
    assert summary_lines([]) == []


def test_the_summary_fits_eighty_columns_and_cuts_nothing():
    """Model and test stand above the rows of their compute units; every cell is there."""
    lines = summary_lines([bare_record(), RECORD], width=80)

    assert max(map(len, lines)) <= 80
    assert "Encoder.mlpackage  test_a.py::test_encoder" in lines
    assert all(
        any(cell in line for line in lines)
        for cell in ("  cpuAndNeuralEngine", "2 FAILED", "1 inconclusive", "1 not judged", "72.6", "48.5")
    )


def test_tests_of_one_model_are_told_apart():
    """Each test has a heading, and its parametrized tests share it."""
    instances = (("test_one", "all"), ("test_one", "cpuOnly"), ("test_two", "all"))
    records = [bare_record(id=f"test_a.py::{test}[{units}]", compute_units=units) for test, units in instances]
    lines = summary_lines(records)

    assert [line.split()[-1] for line in lines if "test_a.py" in line] == ["test_a.py::test_one", "test_a.py::test_two"]


def test_parameters_and_machines_stand_in_the_heading():
    """A fact that no row shows distinguishes tests: parameters beside the compute units, the machine."""
    lines = summary_lines(
        [bare_record(id="t.py::test[all-fast]"), bare_record(id="t.py::test[all]", machine="M1 (gw1)")]
    )

    assert [line for line in lines if "t.py" in line] == [
        "Encoder.mlpackage  t.py::test[fast]",
        "Encoder.mlpackage  t.py::test  M1 (gw1)",
    ]


def test_the_last_attempt_is_the_one_that_is_judged():
    """A test that was rerun has a row for each attempt; what only an earlier one failed is not listed."""
    failed = Check("load_ms", 50, 92, "failed")
    lines = summary_lines([bare_record(checks=[failed]), bare_record(attempt=2)])

    assert any("1 FAILED" in line for line in lines)
    assert any("attempt 2" in line for line in lines)
    assert "FAILED" not in lines


def test_notes_are_given_once():
    """Notes without a verdict are at the end."""
    assert (
        summary_lines([bare_record(notes=["Read this."]), bare_record(notes=["Read this."])])[-1] == "note: Read this."
    )


def test_every_open_check_is_listed_under_its_reason():
    """Failed first, then inconclusive, then not judged; passed checks are not listed."""
    lines = summary_lines([RECORD], width=200)
    heads = [line for line in lines if line.startswith(("FAILED", "inconclusive", "not judged"))]

    assert [line.partition(":")[0] for line in heads] == ["FAILED", "inconclusive", "not judged"]
    assert lines[lines.index("inconclusive: the machine was disturbed") :][:3] == [
        "inconclusive: the machine was disturbed",
        "  test_a.py::test_encoder",
        "    cpuAndNeuralEngine: load 92 ms, budget 50 ms (+84.0 %)",
    ]


def test_what_failed_as_expected_is_listed_as_that():
    """With its figures, and not among the failures."""
    lines = summary_lines([bare_record(checks=[Check("load_ms", 50, 92, "failed")], expected_failure=True)], width=200)

    assert lines[lines.index("failed as expected (xfail)") + 2] == "    all: load 92 ms, budget 50 ms (+84.0 %)"
    assert "FAILED" not in lines


def test_each_comparison_has_a_line_of_its_own():
    """The text has the verdict of finished runs, and that of another version that was run interleaved."""
    lines = summary_lines([RECORD], width=200)

    assert any(line.startswith("    cpuAndNeuralEngine: against the baseline: +12.0 %") for line in lines)
    assert any(
        line.startswith(f"against the other version: {RECORD.id}: median 31.5 ms vs 31.2 ms of Old") for line in lines
    )


def test_a_reason_that_many_share_is_given_once():
    """The same machine disturbs all; its tests are listed below."""
    check = Check("load_ms", 50, 92, "inconclusive", "the machine was disturbed")
    records = [bare_record(id=f"test_{name}[all]", checks=[check]) for name in "abc"]
    lines = summary_lines(records)

    assert lines.count("inconclusive: the machine was disturbed") == 1
    assert [line for line in lines if line.startswith("  test_")] == ["  test_a", "  test_b", "  test_c"]


def test_brackets_in_names_are_no_markup():
    """`model[bold].mlmodel` is a name."""
    lines = summary_lines([bare_record(model_name="model[bold].mlmodel")], width=120)

    assert any("model[bold].mlmodel" in line for line in lines)


def test_a_name_cannot_steer_the_terminal():
    """Control characters of a foreign report are shown, not sent."""
    lines = summary_lines([bare_record(model_name="a\x1b[2Jb")], width=120)

    assert not any("\x1b" in line for line in lines)


def test_a_long_run_is_cut_and_says_so():
    """Thousands of rows stay in the report."""
    lines = summary_lines([bare_record()] * (MAX_ROWS + 3), width=120)

    assert "... and 3 more rows, all of them in the report (--coreml-report)" in lines


def test_the_units_of_a_test_have_one_heading():
    """Also where the test is a model file, whose name is not said twice."""
    of_test = [bare_record(id=f"test_a.py::test_b[{units}-x]", compute_units=units) for units in ("all", "cpuOnly")]
    of_file = [bare_record(id=f"m/Encoder.mlpackage::{units}", compute_units=units) for units in ("all", "cpuOnly")]
    lines = summary_lines([*of_test, *of_file])

    assert [line for line in lines if "Encoder" in line] == [
        "Encoder.mlpackage  test_a.py::test_b[x]",
        "m/Encoder.mlpackage",
    ]


def test_what_several_units_have_in_common_is_said_once():
    """A size is the same on all compute units."""
    size = Check("size_mb", 10, 12.4, "failed")
    records = [
        bare_record(id=f"t.py::test_b[{units}]", compute_units=units, checks=[size]) for units in ("all", "cpuOnly")
    ]
    lines = summary_lines(records)

    assert [line for line in lines if "budget" in line] == ["    all, cpuOnly: size 12.4 MB, budget 10 MB (+24.0 %)"]


def test_a_failure_that_is_told_elsewhere_is_not_told_again():
    """Another finding of its test is printed."""
    lines = summary_lines([RECORD], told={RECORD.id})

    assert "FAILED" not in lines
    assert "inconclusive: the machine was disturbed" in lines


def test_the_head_of_a_group_has_the_color_of_its_standing():
    """A terminal colors the words, not the tests below."""
    lines = summary_lines([RECORD], width=200)

    assert {line: line.standing for line in lines if line.startswith(("FAILED", "inconclusive"))} == {
        "FAILED": "failed",
        "inconclusive: the machine was disturbed": "inconclusive",
    }
