"""Metrics of xcresulttool become a result for each test and device; devices come from the summary."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from device_files import (
    measured_run,
    metrics,
    save,
    summary,
    summary_device,
    wrapped_devices,
    wrapped_test,
)

from pytest_coreml.device_reports.device_result import Stated
from pytest_coreml.device_reports.find_importers import import_results
from pytest_coreml.errors import ReportError

if TYPE_CHECKING:
    from pathlib import Path

    from pytest_coreml.device_reports.device_result import DeviceResult

STATED = Stated("Encoder.mlpackage", "cpuAndNeuralEngine")


def _import(folder: Path, *files: Any, stated: Stated = STATED) -> list[DeviceResult]:
    return import_results([save(folder, f"{number}.json", file) for number, file in enumerate(files)], stated)


def test_the_clock_of_a_test_is_imported_with_its_device(tmp_path: Path) -> None:
    """The other metric, a size of memory, is not."""
    (result,) = _import(tmp_path, metrics(), summary())

    assert result.predict is not None
    assert result.predict.native_ms == pytest.approx((3.0, 3.1, 2.9))
    assert (result.measured_by, result.case) == ("xctest", "SpeedTests/testEncoder()")
    assert (result.device.product, result.device.system, result.device.build) == ("iPhone 16e", "iOS", "23B85")
    assert (result.model.name, result.compute_units) == ("Encoder.mlpackage", "cpuAndNeuralEngine")


def test_the_wrapped_form_is_read_too(tmp_path: Path) -> None:
    """Its numbers are texts, and its record names the device of the action that ran tests."""
    (result,) = _import(tmp_path, wrapped_test(), wrapped_devices())

    assert result.predict is not None
    assert result.predict.native_ms == (500.0, 250.0)
    assert (result.device.product, result.device.system, result.device.version) == ("iPhone 14", "iOS", "17.4")
    assert result.device.build == "21E219"


def test_devices_and_configurations_are_never_pooled(tmp_path: Path) -> None:
    """Repetitions on one device are one series; another device or configuration is another one."""
    runs = [
        measured_run([0.001], device="A"),
        measured_run([0.002], device="A"),
        measured_run([0.003], device="B"),
        measured_run([0.004], device="A", configuration="2"),
    ]
    devices = summary(summary_device("A", "iPhone 16e"), summary_device("B", "iPad mini"))

    found = _import(tmp_path, metrics(runs=runs), devices)

    assert [(result.device.product, result.case, result.predict and result.predict.native_ms) for result in found] == [
        ("iPhone 16e", "SpeedTests/testEncoder() (1)", (1.0, 2.0)),
        ("iPad mini", "SpeedTests/testEncoder() (1)", (3.0,)),
        ("iPhone 16e", "SpeedTests/testEncoder() (2)", (4.0,)),
    ]


def test_another_metric_can_be_asked_for(tmp_path: Path) -> None:
    """By a part of its name, in any unit of time."""
    run = measured_run([120.0], identifier="com.apple.dt.XCTMetric_OSSignpost-Predict.duration", unit="ms")

    (result,) = _import(
        tmp_path, metrics(runs=[run]), summary(), stated=Stated("Encoder.mlpackage", "all", "OSSignpost-Predict")
    )

    assert result.predict is not None
    assert result.predict.native_ms == (120.0,)


@pytest.mark.parametrize(
    ("files", "stated", "text"),
    [
        ([[], summary()], STATED, "contains no measurement"),
        ([metrics(runs=[]), summary()], STATED, "contains no measurement"),
        ([metrics(), summary()], Stated("Encoder.mlpackage"), "--compute-units=UNITS"),
        ([metrics(), summary()], Stated(None, "all"), "--model=NAME"),
        ([metrics()], STATED, "pass the summary too: xcrun xcresulttool get test-results summary"),
        ([metrics(), summary(summary_device(platform="iOS Simulator"))], STATED, "simulator"),
        ([wrapped_test(), wrapped_devices("com.apple.platform.iphonesimulator")], STATED, "simulator"),
        ([metrics(), summary(summary_device("another"))], STATED, "a device that is not in the summary"),
        (
            [metrics(runs=[measured_run(identifier="com.apple.dt.XCTMetric_CPU.time")]), summary()],
            STATED,
            "no such clock",
        ),
        ([metrics(), summary()], Stated("E", "all", "Memory"), "expected a unit of time"),
    ],
)
def test_what_cannot_be_judged_is_refused(tmp_path: Path, files: list[Any], stated: Stated, text: str) -> None:
    """The error says what to do, or why the result says nothing about a device."""
    with pytest.raises(ReportError) as error:
        _import(tmp_path, *files, stated=stated)

    assert text in str(error.value)
