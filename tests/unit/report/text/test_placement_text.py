"""The planned placement is shown as Xcode shows it."""

from __future__ import annotations

from report_examples import RECORD, bare_record, record

from pytest_coreml.facts.placement import Operation, Placement
from pytest_coreml.report.text.placement_text import MAX_OPERATIONS, placement_lines
from pytest_coreml.verdict.check import Check

PLAN = Placement(
    (
        Operation("w", "const", None, (), None, "main"),
        Operation("a", "conv", "neuralEngine", ("cpu", "gpu", "neuralEngine"), 0.75, "main"),
        Operation("b", "relu", "neuralEngine", ("cpu", "neuralEngine"), 0.05, "main"),
        Operation("c", "gather", "cpu", ("cpu",), 0.2, "main/loop/body"),
        Operation("d", "identity", None, (), None, "main"),
    )
)


def cells(plan: Placement = PLAN, verbose: bool = False) -> list[list[str]]:
    """Return the words of each line."""
    lines = placement_lines([record(placement=plan, checks=[])], 120, verbose)
    return [line.split() for line in lines if line.strip("─ ")]


def test_shares_per_device():
    """The number of operations, their share, and their share of cost; the largest first, the open ones last."""
    assert cells()[1:] == [
        ["Encoder.mlpackage", "on", "cpuAndNeuralEngine", "Neural", "Engine", "2", "66.7", "%", "80.0", "%"],
        ["CPU", "1", "33.3", "%", "20.0", "%"],
        ["not", "known", "1", "-", "-"],
    ]


def test_a_narrow_terminal_gets_names_in_place_of_columns():
    """No share is broken."""
    lines = list(placement_lines([record(placement=PLAN, checks=[])], 40))

    assert lines[:4] == [
        "planned placement",
        "  Encoder.mlpackage on",
        "    cpuAndNeuralEngine",
        "    Neural Engine, operations 2,",
    ]
    assert "    share 66.7 %, cost 80.0 %" in lines
    assert max(map(len, lines)) <= 40


def test_a_row_an_operation():
    """The text says where it is planned, where it could run, and where it cannot; constants do not count."""
    assert cells(verbose=True)[-4:] == [
        ["1", "a", "conv", "75.0", "%", "◇", "◇", "◆"],
        ["2", "b", "relu", "5.0", "%", "◇", "·", "◆"],
        ["3", "c", "in", "loop/body", "gather", "20.0", "%", "◆", "·", "·"],
        ["4", "d", "identity", "-", "·", "·", "·"],
    ]


def test_a_plan_without_cost_has_shares_of_operations_only():
    """Nothing is made up for cost."""
    plan = Placement((Operation("a", "conv", "cpu", ("cpu",), None, "main"),))

    assert cells(plan)[1][-4:] == ["1", "100.0", "%", "-"]


def test_costs_that_were_left_out_are_told_with_the_reason():
    """The plan has them, so that a mere dash would be wrong."""
    plan = Placement((Operation("a", "conv", "cpu", ("cpu",), None, "main"),), cost_reason="they sum to 2")

    lines = list(placement_lines([record(placement=plan, checks=[])], 80))

    assert "no cost of Encoder.mlpackage on cpuAndNeuralEngine: they sum to 2" in lines


def test_layers_of_the_reference_runtime_are_no_unknown_plan():
    """A network's report has its layers, which nothing plans."""
    layers = Placement((Operation("a", "convolution", None, (), None, "layers"),), "nothing is planned here")

    assert list(placement_lines([record(placement=layers, checks=[], runtime="reference")], 80)) == []


def test_an_unknown_plan_is_told_with_its_reason_once():
    """Not again where a check that it left unjudged tells it."""
    unknown = Placement((), "macOS is too old")
    checked = record(
        placement=unknown, checks=[Check("forbid[gpu]", 0, None, "not_judged", "unknown: macOS is too old")]
    )

    assert list(placement_lines([record(placement=unknown, checks=[])], 80)) == [
        "planned placement of Encoder.mlpackage on cpuAndNeuralEngine: unknown, macOS is",
        "  too old",
        "",
    ]
    assert list(placement_lines([checked], 80)) == []


def test_nothing_is_said_where_no_plan_was_read():
    """On the reference runtime, for example."""
    assert list(placement_lines([bare_record()], 80, verbose=True)) == []


def test_a_model_that_many_tests_use_is_shown_once():
    """A row for each of its compute units."""
    lines = list(placement_lines([RECORD, RECORD], 80))

    assert sum("Encoder" in line for line in lines) == 1


def test_a_long_plan_is_cut_and_says_so():
    """Thousands of operations stay in the report; no line is wider than the terminal."""
    ops = tuple(Operation(f"relu_{n}", "relu", "cpu", ("cpu",), None, "main") for n in range(MAX_OPERATIONS + 3))
    lines = list(placement_lines([record(placement=Placement(ops), checks=[])], 80, verbose=True))

    assert "... and 3 more operations, all of them in the report (--coreml-report)" in lines
    assert max(map(len, lines)) <= 80
