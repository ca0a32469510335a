"""Results that coremltools measures on a connected device are imported, from its own dataclasses."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import pytest
from device_files import coremltools_result, save

from pytest_coreml.device_reports.find_importers import import_results
from pytest_coreml.errors import ReportError

if TYPE_CHECKING:
    from pathlib import Path

    from pytest_coreml.device_reports.device_result import DeviceResult


def _import(folder: Path, document: Any) -> DeviceResult:
    (result,) = import_results([save(folder, "benchmark.json", document)])
    return result


def test_measurements_of_coremltools_are_imported(tmp_path: Path) -> None:
    """The dataclass is coremltools' own, and so is the device."""
    from coremltools.models.ml_program.experimental.perf_utils import MLModelBenchmarker

    measured = MLModelBenchmarker.Measurement.from_samples([4.5, 4.25])
    result = _import(tmp_path, coremltools_result(predict=asdict(measured)))

    assert result.predict is not None
    assert result.load is not None
    assert (result.predict.native_ms, result.predict.warmup, result.predict.first_ms) == ((4.5, 4.25), 1, None)
    assert (result.load.first_load_ms, result.load.load_ms) == ((310.5, 290.25), ())
    assert (result.measured_by, result.compute_units) == ("coremltools-remote", "cpuAndNeuralEngine")
    assert (result.device.product, result.device.system, result.device.coremltools) == ("iPhone", "iOS", "9.0")
    assert result.model.name == "Encoder.mlpackage"


def test_without_a_warm_up_the_first_sample_is_the_first_prediction(tmp_path: Path) -> None:
    """The first prediction is not part of the median."""
    result = _import(tmp_path, coremltools_result(warmup=False))

    assert result.predict is not None
    assert (result.predict.first_ms, result.predict.native_ms) == (2.5, (2.75, 2.625))


@pytest.mark.parametrize("name", ["IPHONE", "IPAD", "MAC", "WATCH"])
def test_every_device_that_coremltools_measures_on_is_known(tmp_path: Path, name: str) -> None:
    """The kinds are coremltools' own; it raises for the other ones."""
    from coremltools.models.ml_program.experimental.remote_device import DeviceType

    device = {"type": DeviceType[name].value, "os_version": "18.5", "os_build_number": "22F76", "product": "Mine"}

    result = _import(tmp_path, coremltools_result(device=device))

    assert (result.device.product, result.device.version) == ("Mine", "18.5")


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"device": None}, "device: expected the device that measured"),
        ({"device": {"type": "apppletv", "os_version": "18"}}, "device.type: expected one of iphone"),
        ({"compute_units": "FAST"}, "compute_units: expected compute units"),
        ({"predict": {"samples": [], "statistics": None}, "load": None}, "contains no measurement"),
        ({"created": "yesterday"}, "created: expected a date and time"),
    ],
)
def test_an_incomplete_result_is_refused(tmp_path: Path, changes: dict[str, Any], text: str) -> None:
    """The error names the field."""
    with pytest.raises(ReportError) as error:
        _import(tmp_path, coremltools_result(**changes))

    assert text in str(error.value)
