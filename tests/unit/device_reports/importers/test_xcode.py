"""Xcode's performance report becomes our facts; what is not known of its form stays unknown."""

from __future__ import annotations

import math
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

import pytest
from device_files import PERCEPTRON, block, operation, save, xcode_report

from pytest_coreml.device_reports.find_importers import import_results
from pytest_coreml.errors import ReportError

if TYPE_CHECKING:
    from pathlib import Path

    from pytest_coreml.device_reports.device_result import DeviceResult


def _import(folder: Path, report: Any) -> DeviceResult:
    (result,) = import_results([save(folder, "report.json", report)])
    return result


def test_loads_and_predictions_are_split_by_experiment(tmp_path: Path) -> None:
    """The first of each experiment is not in a cache; seconds become milliseconds."""
    result = _import(tmp_path, xcode_report())

    assert result.load is not None
    assert result.predict is not None
    assert result.load.compile_ms == pytest.approx((70, 72, 71))
    assert result.load.first_load_ms == pytest.approx((300, 200, 180))
    assert result.load.load_ms == pytest.approx((20, 22, 21))
    assert result.predict.first_ms == pytest.approx(9.0)
    assert result.predict.native_ms == pytest.approx((2.0, 2.1, 2.2, 2.3, 2.4, 2.5, 2.6, 2.7, 2.8))
    assert result.predict.warmup == 3


def test_the_device_and_the_model_are_named_without_their_owner(tmp_path: Path) -> None:
    """The marketing name, the system with its build, and the time since 2001 are kept."""
    result = _import(tmp_path, xcode_report())

    assert (result.measured_by, result.compute_units, result.function) == ("xcode", "all", "main")
    assert (result.device.product, result.device.system) == ("iPhone 15 Pro", "iOS")
    assert (result.device.version, result.device.build) == ("18.5", "22F76")
    assert (result.model.name, result.model.size_bytes) == ("Encoder.mlpackage", 12_400)
    # `date -u -d '2001-01-01 + 790000002 seconds'`
    assert result.measured == datetime(2026, 1, 13, 12, 26, 42, tzinfo=timezone.utc)


@pytest.mark.parametrize(("raw", "units"), [(0, "cpuOnly"), (1, "cpuAndGPU"), (2, "all"), (3, "cpuAndNeuralEngine")])
def test_compute_units_are_the_raw_values_of_core_ml(tmp_path: Path, raw: int, units: str) -> None:
    """They differ from coremltools' numbers."""
    assert _import(tmp_path, xcode_report(compute_unit=raw)).compute_units == units


def test_operations_have_their_planned_devices_and_costs(tmp_path: Path) -> None:
    """Constants are left out; what has no usage is on no device."""
    placement = _import(tmp_path, xcode_report()).placement

    assert placement is not None
    assert [(op.name, op.operator, op.preferred, op.cost) for op in placement.ops] == [
        ("palettized", "constexpr_lut_to_dense", None, None),
        ("hidden", "linear", "neuralEngine", 0.6),
        ("active", "relu", "neuralEngine", 0.1),
        ("probabilities", "softmax", "cpu", 0.3),
    ]
    assert placement.ops[1].supported == ("cpu", "gpu", "neuralEngine")


def test_blocks_are_read_with_their_names(tmp_path: Path) -> None:
    """Costs of control flow that include its blocks are counted once."""
    inner = [block([operation("less", "go", "cpu", 0.2)]), block([operation("add", "sum", "cpu", 0.3)])]
    report = xcode_report([operation("while_loop", "loop", "cpu", 0.5, inner), operation("relu", "out", "cpu", 0.5)])

    placement = _import(tmp_path, report).placement

    assert placement is not None
    assert [(op.block, op.name) for op in placement.ops] == [
        ("main", "loop"),
        ("main/loop/cond", "go"),
        ("main/loop/body", "sum"),
        ("main", "out"),
    ]
    assert sum(op.cost or 0 for op in placement.ops) == pytest.approx(1.0)


def test_the_names_of_the_metadata_become_those_of_programs(tmp_path: Path) -> None:
    """The histogram counts the model's operations even if the structure is cut, which is noted."""
    histogram = {"Ios18.constexprLutToDense": 1, "Ios17.linear": 4, "Ios16.reduceMean": 2, "Split": 1}
    result = _import(tmp_path, xcode_report(histogram=histogram))

    assert result.model.operations == {"constexpr_lut_to_dense": 1, "linear": 4, "reduce_mean": 2, "split": 1}
    assert "lists 4 of the model's 8 operations" in result.notes


def test_samples_that_do_not_fit_the_protocol_are_not_split(tmp_path: Path) -> None:
    """It is unknown then which loads were cached, so none is reported as such."""
    report = xcode_report(predict=(0.001, 0.002))
    report["deviceResults"]["load"]["samples"].pop()

    result = _import(tmp_path, report)

    assert result.load is not None
    assert (result.load.first_load_ms, result.load.load_ms) == ((), ())
    assert result.predict is not None
    assert result.predict.first_ms is None
    assert any(note.startswith("load: 5 samples do not fit") for note in result.notes)


def test_an_unknown_device_is_not_taken_for_another(tmp_path: Path) -> None:
    """The operation is planned on a device that this version does not know."""
    placement = _import(tmp_path, xcode_report([operation("relu", "out", "quantumEngine")])).placement

    assert placement is not None
    assert (placement.ops[0].preferred, placement.ops[0].unknown_device) == (None, "quantumEngine")


def test_an_unknown_structure_is_an_unknown_placement(tmp_path: Path) -> None:
    """The form for pipelines was not seen."""
    report = xcode_report()
    report["deviceResults"]["modelStructure"] = {"pipeline": {"_0": {"subModels": []}}}

    placement = _import(tmp_path, report).placement

    assert placement is not None
    assert placement.unknown
    assert "pipeline" in (placement.reason or "")


def test_names_are_short_and_without_home_folders(tmp_path: Path) -> None:
    """A file may have any value in the place of a name."""
    device = operation("relu", "/Users/jane/out\x1b[31m", "/home/jane/engine")
    result = _import(tmp_path, xcode_report([device], model="x" * 500, histogram={"/Users/jane/Relu": 1}))

    assert result.placement is not None
    (found,) = result.placement.ops
    assert (found.name, found.unknown_device) == ("out [31m", "engine")
    assert len(result.model.name) <= 200
    assert not any("jane" in name for name in result.model.operations)


def test_an_exported_folder_is_found_by_content(tmp_path: Path) -> None:
    """The name of the file in it does not matter, nor do other files."""
    folder = tmp_path / "Encoder.report"
    (folder / "inner").mkdir(parents=True)
    (folder / "preview.png").write_bytes(b"\x89PNG")
    save(folder / "inner", "data", xcode_report())

    (result,) = import_results([folder])

    assert result.model.name == "Encoder.mlpackage"


def _changed(path: str, value: object) -> Any:
    report = xcode_report()
    *steps, last = path.split(".")
    inner = report
    for step in steps:
        inner = inner[step]
    inner[last] = value
    return report


@pytest.mark.parametrize(
    ("report", "text"),
    [
        (_changed("deviceInfo.deviceType", {"iPhoneSimulator": {}}), "simulator"),
        (_changed("deviceInfo.modelName", "Simulator (iPhone 16)"), "simulator"),
        (_changed("deviceResults", [{}, {}]), "several devices"),
        (_changed("jsonVersion", 2), "jsonVersion: expected 1"),
        (_changed("deviceResultVersion", "/Users/jane"), "deviceResultVersion: expected a number"),
        (_changed("computeUnit", 9), "computeUnit: expected 0 to 3"),
        (
            _changed("deviceResults.predict.samples", [0.1, "0.2"]),
            "deviceResults.predict.samples[1]: expected a number",
        ),
        (_changed("deviceResults.predict.samples", [0.1, math.nan]), "samples[1]: expected a number"),
        (_changed("deviceResults.predict.samples", [-0.1]), "samples[0]: expected a number, 0 or more"),
        (_changed("deviceResults.predict.samples", [10**400]), "samples[0]: expected a number, 0 or more"),
        (_changed("deviceResults.modelStructure.program._0.functions.main.block.operations", {}), "expected a list"),
    ],
)
def test_what_is_no_measurement_of_a_device_is_refused(tmp_path: Path, report: Any, text: str) -> None:
    """The error names the file, the place and the reason."""
    path = save(tmp_path, "report.json", report)

    with pytest.raises(ReportError) as error:
        import_results([path])

    assert str(error.value).startswith(f"{path}: ")
    assert text in str(error.value)


def test_a_report_without_samples_is_refused(tmp_path: Path) -> None:
    """An empty result would pass every budget."""
    report = xcode_report()
    for series in ("compile", "load", "predict"):
        report["deviceResults"][series]["samples"] = []

    with pytest.raises(ReportError, match="contains no measurement"):
        _import(tmp_path, report)


def test_operations_nested_without_end_are_refused(tmp_path: Path) -> None:
    """The reader does not follow them into the recursion limit."""
    nested = PERCEPTRON[2]
    for number in range(60):
        nested = operation("cond", f"level{number}", "cpu", None, [block([nested])])

    with pytest.raises(ReportError, match="nested more than 40 blocks deep"):
        _import(tmp_path, xcode_report([nested]))
