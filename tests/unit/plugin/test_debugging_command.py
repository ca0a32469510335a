"""The command that finds a wrong operation is named where coremltools can find it, and is Python."""

from __future__ import annotations

import ast
import shlex
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import pytest

from pytest_coreml.facts.agreement import Agreement, NonFinite, OutputAgreement, OutputHealth
from pytest_coreml.facts.model_spec import Feature, ModelSpec
from pytest_coreml.plugin.debugging_command import debugging_command
from pytest_coreml.session.options import Options
from pytest_coreml.verdict.check import Check
from pytest_coreml.verdict.record import Record

if TYPE_CHECKING:
    from pytest_coreml.session.model import CoreMLModel

SPEC = ModelSpec(
    *("M.mlpackage", "0" * 64, "mlProgram", 7, {}, 0, 0),
    inputs=(Feature("x", "multiArray", dtype="float32", shape=(1, 4)),),
    outputs=(Feature("y", "multiArray", dtype="float32", shape=(1, 4)),),
)
DISAGREES = Record(
    *("test_a.py::test_b", "0" * 64, "M.mlpackage", "cpuAndNeuralEngine", None, "coreml"),
    agreement=(Agreement("cpuOnly", 20, (OutputAgreement("y", psnr=12.0),), "r-inputs/a.npz"),),
    checks=[Check("min_psnr[y]", 35.0, 12.0, "failed")],
)
NOT_FINITE = Record(
    *("test_a.py::test_b", "0" * 64, "M.mlpackage", "cpuAndNeuralEngine", None, "coreml"),
    health=(OutputHealth("y", 20, 3, NonFinite(2, (0, 1), "nan"), saved_input="r-inputs/y.npz"),),
    checks=[Check("finite", 0, 3, "failed")],
)


def command(record: Record, report: str | None = "r.json", **of_model: Any) -> str | None:
    """Return the command in the folder of the model."""
    spec = replace(SPEC, **of_model)
    path = Path("/models") / spec.file_name
    model = cast("CoreMLModel", SimpleNamespace(compute_units=record.compute_units, spec=spec, path=path))
    options = Options(Path("/models"), Path("/models"), report=Path("/models") / report if report else None)
    return debugging_command(record, [model], options)


@pytest.mark.parametrize(
    ("record", "parts"),
    [
        (
            DISAGREES,
            [
                'MLModelComparator(model("CPU_ONLY"), model("CPU_AND_NE")).find_failing_ops',
                ">= 35",
                'numpy.load("r-inputs/a.npz")',
                'ct.models.MLModel("M.mlpackage"',
            ],
        ),
        (
            NOT_FINITE,
            ['MLModelValidator(model("CPU_AND_NE")).find_failing_ops_with_nan_output', 'numpy.load("r-inputs/y.npz")'],
        ),
    ],
)
def test_the_command_is_python_with_the_tool_the_model_and_the_input(record: Record, parts: list[str]) -> None:
    """A shell takes it apart into three words, the last of which is code."""
    words = shlex.split(command(record) or "")

    assert words[:2] == ["python", "-c"]
    ast.parse(words[2])
    assert [part for part in parts if part not in words[2]] == []


def test_the_tools_exist() -> None:
    """With these arguments, in the coremltools that is installed."""
    from inspect import signature

    from coremltools.models.ml_program.experimental import debugging_utils as tools

    signature(tools.MLModelComparator).bind("reference", "target")
    signature(tools.MLModelComparator.find_failing_ops).bind("self", {}, lambda op, x, y: True)
    signature(tools.MLModelValidator).bind("model")
    signature(tools.MLModelValidator.find_failing_ops_with_nan_output).bind("self", {})
    signature(tools.MLModelValidator.find_failing_ops_with_infinite_output).bind("self", {})


def test_without_a_report_there_is_no_input_to_start_from() -> None:
    """The text says how to get one."""
    agreement = replace(DISAGREES.agreement[0], saved_input=None)

    assert command(replace(DISAGREES, agreement=(agreement,)), report=None) == (
        "add --coreml-report, which saves the input and names the command"
    )


@pytest.mark.parametrize(
    ("record", "of_model"),
    [
        (replace(DISAGREES, runtime="reference"), {}),
        (DISAGREES, {"type": "neuralNetwork"}),
        (DISAGREES, {"file_name": "M.mlmodelc"}),
        (DISAGREES, {"states": (Feature("cache", "state"),)}),
        (DISAGREES, {"inputs": (Feature("picture", "image"),)}),
        (replace(DISAGREES, agreement=(replace(DISAGREES.agreement[0], reference="expected.npz"),)), {}),
        (replace(DISAGREES, checks=[Check("size_mb", 1, 2, "failed")]), {}),
    ],
)
def test_no_command_where_coremltools_cannot_help(record: Record, of_model: dict[str, Any]) -> None:
    """A command that fails would be worse than none."""
    assert command(record, **of_model) is None
