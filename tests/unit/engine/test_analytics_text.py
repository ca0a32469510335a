"""The reading of what Core ML's compiler wrote about a program."""

from __future__ import annotations

import time

import pytest
from analytics_files import FUNCTION, analytics, operation

from pytest_coreml.engine.analytics_text import parse_analytics
from pytest_coreml.facts.compiler_analytics import CompilerAnalytics

REFUSED = operation("g", "gather", refused='Op "g" is connected; see [this], (that} = "x1": int32')


def test_an_operation_has_its_backends_times_and_refusals() -> None:
    """Everything that the line says, quotes and brackets in a message included."""
    times = {"bnns": 6.3110803182750176e-06, "classic_cpu": 0, "ane": 0.0222}
    lines = (REFUSED, operation("y", "conv", selected="ane", estimates=times))

    refused, chosen = parse_analytics(analytics(*lines)).operations

    assert refused.refusals == {"ane": 'Op "g" is connected; see [this], (that} = "x1": int32'}
    assert (refused.operator, refused.outputs, refused.device) == ("gather", ("g",), "cpu")
    assert chosen.refusals == {}
    assert chosen.supported == {"bnns", "classic_cpu", "ane"}
    assert chosen.estimates_ms == times
    assert (chosen.device, chosen.estimate_ms) == ("neuralEngine", 0.0222)


def test_the_costs_of_changing_a_backend_are_in_the_header() -> None:
    """They are written in hexadecimal."""
    assert parse_analytics(analytics()).costs_ms == {
        "Launch_ane_ms": 0.125,
        "Launch_bnns_ms": 0.0,
        "Src_ane_Dest_bnns_ms": 0.125,
        "Src_bnns_Dest_ane_ms": 0.0625,
    }


def test_values_have_the_names_of_the_plan() -> None:
    """The compiler marks values that it has split off, and an operation may have several outputs, or none."""
    several = REFUSED.replace("tensor<fp16, [1, 4]> g =", "tensor<fp16, [1, 4]> a_4D454D5F4F5054, tensor<fp16, []> b =")
    none = REFUSED.replace("tensor<fp16, [1, 4]> g = gather(x = x)", "write_state(data = v, input = k)")

    first, second = parse_analytics(analytics(several, none)).operations

    assert (first.operator, first.outputs) == ("gather", ("a", "b"))
    assert (second.operator, second.outputs) == ("write_state", ())


def test_a_line_of_another_form_is_left_out() -> None:
    """The other operations are read."""
    read = parse_analytics(
        analytics("            something = else;\n", REFUSED[: REFUSED.index("this")] + "];\n", operation("y", "relu"))
    )

    assert [op.outputs for op in read.operations] == [("y",)]


@pytest.mark.parametrize("text", ["", "\0\0\0", "];" * 1000, '"' * 10_000, "{" * 100_000 + "];", "x" * 1_000_000])
def test_a_text_of_another_form_has_no_operations(text: str) -> None:
    """It is an unknown fact, read in time."""
    start = time.monotonic()

    assert parse_analytics(text) == CompilerAnalytics()
    assert time.monotonic() - start < 5


def test_any_cut_of_a_text_can_be_read() -> None:
    """A file that is still being written has the operations of its whole lines."""
    text = analytics(REFUSED, operation("y", "relu"))

    counts = [len(parse_analytics(text[:end]).operations) for end in range(0, len(text), 7)]

    assert counts == sorted(counts)
    assert counts[-1] == 2
    assert len(parse_analytics(text.replace(FUNCTION, "")).operations) == 2
