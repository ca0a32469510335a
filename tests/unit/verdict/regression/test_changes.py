"""Differences between two runs, besides time, are found."""

from __future__ import annotations

from dataclasses import replace

import report_examples

from pytest_coreml.facts.placement import Operation, Placement
from pytest_coreml.verdict.regression.changes import Difference, Move, find_changes
from pytest_coreml.verdict.regression.run import Run


def op(name: str, operator: str, device: str | None = "neuralEngine", cost: float | None = 0.5) -> Operation:
    return Operation(name, operator, device, ("cpu",), cost, "main")  # type: ignore[arg-type]  # words of the test


def plan(*ops: Operation) -> Run:
    return Run({}, placement=Placement(ops))


def test_operations_are_matched_by_name_and_operator() -> None:
    """Another order is not a change; another device is, with its current cost, the costliest first."""
    before = plan(op("a", "conv"), op("b", "relu"), op("c", "conv"))
    now = plan(op("c", "conv", "cpu", 0.2), op("b", "relu"), op("a", "conv", "gpu", 0.7))
    changes = find_changes(before, now)

    assert changes.moved == (
        Move("a", "conv", "neuralEngine", "gpu", 0.7),
        Move("c", "conv", "neuralEngine", "cpu", 0.2),
    )
    assert not changes.appeared
    assert not changes.vanished


def test_operations_of_one_plan_are_named() -> None:
    """The same name with another operator is another operation; constants are none."""
    before = plan(op("a", "conv"), op("w", "const"))
    now = plan(op("a", "linear"))
    changes = find_changes(before, now)

    assert changes.appeared == (op("a", "linear"),)
    assert changes.vanished == (op("a", "conv"),)


def test_a_missing_plan_is_no_change() -> None:
    """Nothing moved to nowhere."""
    assert not find_changes(plan(op("a", "conv")), Run({}))


def test_model_and_software_are_compared() -> None:
    """Operators by count; hash, size, precision, coremltools and OS build by value."""
    spec = report_examples.SPEC
    other = replace(spec, sha256="f" * 64, size_bytes=1, operations={"conv": 12, "relu": 10, "add": 1})
    before = Run({"os": {"build": "25F80"}, "coremltools": "8.3"}, model=spec)
    now = Run({"os": {"build": "25G1"}, "coremltools": "8.3"}, model=other)
    changes = find_changes(before, now)

    assert changes.operators == {"add": (0, 1), "relu": (11, 10)}
    assert changes.differences == (
        Difference("OS build", "25F80", "25G1"),
        Difference("model hash", spec.sha256, "f" * 64),
        Difference("size in bytes", spec.size_bytes, 1),
    )
