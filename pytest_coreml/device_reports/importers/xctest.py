"""Performance tests of XCTest: what `xcresulttool` prints of a result bundle.

`xcrun xcresulttool get test-results metrics` (Xcode 16.3 and later) prints the measurements, and `... summary` the
devices. Earlier versions print wrapped objects: an `ActionTestSummary` for each test, and an
`ActionsInvocationRecord` with the devices. Neither names a model or compute units, which the user states.
"""

from __future__ import annotations

from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from pytest_coreml.device_reports.device_result import DeviceResult, MeasuringDevice
from pytest_coreml.device_reports.fields import Fields
from pytest_coreml.device_reports.importer import Importer
from pytest_coreml.device_reports.simulators import refuse_simulator
from pytest_coreml.device_reports.xcresult_objects import type_name, unwrap
from pytest_coreml.errors import ReportError
from pytest_coreml.facts.measurement import Measurement
from pytest_coreml.facts.reported_model import ReportedModel

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pytest_coreml.device_reports.device_result import Stated
    from pytest_coreml.device_reports.imported_file import ImportedFile

_CLOCKS: Final = ("XCTMetric_Clock.time.monotonic", "XCTPerformanceMetric_WallClockTime")
_MILLISECONDS: Final = {"s": 1e3, "ms": 1.0, "µs": 1e-3, "μs": 1e-3, "us": 1e-3, "ns": 1e-6}
_WRAPPED_TESTS: Final = "ActionTestSummary"
_WRAPPED_DEVICES: Final = "ActionsInvocationRecord"
_PLATFORMS: Final = {
    "com.apple.platform.iphoneos": "iOS",
    "com.apple.platform.macosx": "macOS",
    "com.apple.platform.appletvos": "tvOS",
    "com.apple.platform.watchos": "watchOS",
    "com.apple.platform.xros": "visionOS",
}
_SUMMARY_COMMAND: Final = "xcrun xcresulttool get test-results summary --path RESULT.xcresult > summary.json"
_MAX_SECONDS: Final = 2**33


class _Device(NamedTuple):
    """A device of a summary, with the identifier that measurements name it by, which goes no further."""

    identifier: str | None
    device: MeasuringDevice
    measured: datetime | None


class _Series(NamedTuple):
    """The samples of one test on one device in one configuration of a test plan."""

    case: str
    device_id: str | None
    samples: tuple[float, ...]


def recognizes(file: ImportedFile) -> bool:
    """Return True for measurements and for the summary of devices, of any version."""
    value = file.json
    if isinstance(value, list):
        return all(isinstance(item, dict) and "testRuns" in item for item in value)
    if isinstance(value, dict) and "devicesAndConfigurations" in value:
        return True
    return type_name(value) in (_WRAPPED_TESTS, _WRAPPED_DEVICES)


def read(files: Sequence[ImportedFile], stated: Stated) -> list[DeviceResult]:
    """Return a result for each test and device; the devices are those of the summaries among *files*."""
    devices = [device for file in files for device in _devices(file)]
    found = [(str(file), series) for file in files for series in _all_series(file, stated)]
    if not found:
        raise ReportError(
            f"{files[0]}: contains no measurement; a result bundle of tests that measured something has them: "
            "xcrun xcresulttool get test-results metrics --path RESULT.xcresult"
        )
    return [_result(source, series, devices, stated) for source, series in found]


IMPORTER: Final = Importer("the metrics of xcresulttool, with the summary", recognizes, read, belong_together=True)


def _result(source: str, series: _Series, devices: list[_Device], stated: Stated) -> DeviceResult:
    if stated.model is None or stated.compute_units is None:
        raise ReportError(
            f"{source}: XCTest records neither the model nor the compute units; pass them with --model=NAME and "
            "--compute-units=UNITS"
        )
    found = _device_of(source, series.device_id, devices)
    return DeviceResult(
        measured_by="xctest",
        device=found.device,
        model=ReportedModel(stated.model),
        compute_units=stated.compute_units,
        case=series.case,
        measured=found.measured,
        predict=Measurement(native_ms=series.samples, wall_ms=series.samples, wait_ms=None, warmup=0),
        notes=("each time is that of one call of the measured block",),
    )


def _device_of(source: str, identifier: str | None, devices: list[_Device]) -> _Device:
    if not devices:
        raise ReportError(
            f"{source}: does not name the device, or whether it is a simulator; pass the summary too: "
            f"{_SUMMARY_COMMAND}"
        )
    named = [device for device in devices if device.identifier == identifier]
    if len(named) == 1:
        return named[0]
    if len(devices) > 1 or (identifier is not None and devices[0].identifier is not None):
        raise ReportError(f"{source}: was measured on a device that is not in the summary; pass the summary of its run")
    return devices[0]


def _devices(file: ImportedFile) -> Iterator[_Device]:
    if type_name(file.json) == _WRAPPED_DEVICES:
        record = Fields(str(file), unwrap(file.json, str(file)))
        for action in record["actions"].items():
            # An action that only builds has no tests.
            target = action["runDestination"]["targetDeviceRecord"]
            if target.value is not None and "testsRef" in action["actionResult"]:
                yield _wrapped_device(target)
    elif isinstance(file.json, dict) and "devicesAndConfigurations" in file.json:
        summary = Fields(str(file), file.json)
        for entry in summary["devicesAndConfigurations"].items():
            yield _device(entry["device"].object(), _time(summary["startTime"].value))


def _device(device: Fields, measured: datetime | None) -> _Device:
    product, platform = device["modelName"].text(), device["platform"].text()
    if platform is None:
        raise device["platform"].error("the platform, which tells devices from simulators")
    refuse_simulator(device.source, [platform, product or ""])
    version, build = device["osVersion"].text(), device["osBuildNumber"].text()
    return _Device(device["deviceId"].text(), MeasuringDevice(product, platform, version, build), measured)


def _wrapped_device(device: Fields) -> _Device:
    product, platform = device["modelName"].text(), device["platformRecord"]["identifier"].text()
    if platform is None:
        raise device["platformRecord"]["identifier"].error("the platform, which tells devices from simulators")
    refuse_simulator(device.source, [platform, product or ""])
    build = (device["operatingSystemVersionWithBuildNumber"].text() or "").partition("(")[2].rstrip(")") or None
    system = _PLATFORMS.get(platform, platform)
    version = device["operatingSystemVersion"].text()
    # Wrapped measurements do not name their device.
    return _Device(None, MeasuringDevice(product, system, version, build), None)


def _time(seconds: Any) -> datetime | None:
    if isinstance(seconds, bool) or not isinstance(seconds, (int, float)) or not 0 < seconds < _MAX_SECONDS:
        return None
    return datetime.fromtimestamp(seconds, timezone.utc)


def _all_series(file: ImportedFile, stated: Stated) -> Iterator[_Series]:
    if type_name(file.json) == _WRAPPED_TESTS:
        test = Fields(str(file), unwrap(file.json, str(file)))
        case = test["identifier"].text() or test["name"].text() or "test"
        if samples := _samples(test["performanceMetrics"].items(), case, stated):
            yield _Series(case, None, samples)
    elif isinstance(file.json, list):
        for test in Fields(str(file), file.json).items():
            yield from _series_of(test, stated)


def _series_of(test: Fields, stated: Stated) -> Iterator[_Series]:
    """Yield the series of a test: one for each device and configuration, which are never pooled."""
    case = test["testIdentifier"].text() or "test"
    series: dict[tuple[str | None, str | None], tuple[float, ...]] = {}
    for run in test["testRuns"].items():
        key = (run["device"]["deviceId"].text(), run["testPlanConfiguration"]["configurationId"].text())
        series[key] = series.get(key, ()) + _samples(run["metrics"].items(), case, stated)
    several = len({device for device, _ in series}) < len(series)
    for (device, configuration), samples in series.items():
        if samples:
            yield _Series(f"{case} ({configuration})" if several else case, device, samples)


def _samples(metrics: list[Fields], case: str, stated: Stated) -> tuple[float, ...]:
    """Return the samples in ms of the metric that is asked for; none for a test that measured nothing."""
    metrics = [metric for metric in metrics if metric["measurements"].items()]
    if not metrics:
        return ()
    chosen = [metric for metric in metrics if _is_asked(metric, stated)]
    if len(chosen) != 1:
        names = ", ".join(_name(metric) for metric in metrics)
        problem = "several metrics fit" if chosen else "has no such clock"
        raise ReportError(
            f"{metrics[0].source}: {case}: {problem}; choose a metric by --metric=NAME, a part of: {names}"
        )
    unit = chosen[0]["unitOfMeasurement"].text() or ""
    if unit not in _MILLISECONDS:
        raise chosen[0]["unitOfMeasurement"].error(f"a unit of time, {', '.join(_MILLISECONDS)}")
    return tuple(_MILLISECONDS[unit] * value for value in chosen[0]["measurements"].numbers())


def _is_asked(metric: Fields, stated: Stated) -> bool:
    if stated.metric is not None:
        return stated.metric in _name(metric)
    return (metric["identifier"].text() or "").endswith(_CLOCKS)


def _name(metric: Fields) -> str:
    names = (metric["identifier"].text(), metric["displayName"].text())
    return " / ".join(name for name in names if name) or "a metric without a name"
