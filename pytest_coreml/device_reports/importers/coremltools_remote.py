"""The result of coremltools' benchmark of a connected device, written as JSON.

`MLModelBenchmarker` of `coremltools.models.ml_program.experimental.perf_utils` returns a `Measurement` from
`benchmark_load` and `benchmark_predict`: `samples` in ms, taken on the device, and `statistics`. A file has these as
`dataclasses.asdict` returns them, with the device, the compute units and the model beside them.
"""

from __future__ import annotations

from datetime import datetime, timezone
from typing import TYPE_CHECKING, Final

from pytest_coreml.device_reports.device_result import DeviceResult, MeasuringDevice
from pytest_coreml.device_reports.fields import Fields
from pytest_coreml.device_reports.importer import Importer
from pytest_coreml.device_reports.simulators import refuse_simulator
from pytest_coreml.errors import ReportError, UsageError
from pytest_coreml.facts.compute_units import parse_compute_units
from pytest_coreml.facts.measurement import LoadTimes, Measurement
from pytest_coreml.facts.reported_model import ReportedModel

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_coreml.device_reports.device_result import Stated
    from pytest_coreml.device_reports.imported_file import ImportedFile
    from pytest_coreml.facts.compute_units import ComputeUnits

# The values of coremltools' DeviceType that can measure, with the systems of such devices.
_KINDS: Final = {
    "iphone": ("iPhone", "iOS"),
    "ipad": ("iPad", "iPadOS"),
    "mac": ("Mac", "macOS"),
    "applewatch": ("Apple Watch", "watchOS"),
}


def recognizes(file: ImportedFile) -> bool:
    """Return True for a JSON object with a measurement of coremltools under `predict` or `load`."""
    value = file.json
    parts = [value.get(name) for name in ("predict", "load")] if isinstance(value, dict) else []
    return any(isinstance(part, dict) and {"samples", "statistics"} <= set(part) for part in parts)


def read(files: Sequence[ImportedFile], stated: Stated) -> list[DeviceResult]:
    """Return the result in each file."""
    return [_read(Fields(str(file), file.json), stated) for file in files]


IMPORTER: Final = Importer("a benchmark of coremltools on a device", recognizes, read)


def _read(document: Fields, stated: Stated) -> DeviceResult:
    loads, samples = (tuple(document[part]["samples"].numbers()) for part in ("load", "predict"))
    if not loads and not samples:
        raise ReportError(f"{document.source}: contains no measurement: its samples are empty")
    warmup = 1 if document["warmup"].value is True else 0
    # Without a warm-up, the first sample is of a model that has just been loaded.
    first = samples[0] if not warmup and len(samples) > 1 else None
    samples = samples[1:] if first is not None else samples
    predict = Measurement(samples, samples, None, warmup or int(first is not None), first_ms=first)
    return DeviceResult(
        measured_by="coremltools-remote",
        device=_device(document["device"], document["coremltools"].text()),
        model=ReportedModel(_model(document["model"], stated)),
        compute_units=_units(document["compute_units"], stated),
        function=document["function"].text(),
        measured=_time(document["created"]),
        # Each load is of a model that was compiled anew, so that nothing is cached.
        load=LoadTimes(first_load_ms=loads) if loads else None,
        predict=predict if samples else None,
    )


def _device(device: Fields, coremltools: str | None) -> MeasuringDevice:
    if device.value is None:
        raise device.error("the device that measured; without one it was this Mac, which pytest measures")
    kind = (device["type"].text() or "").lower().rpartition(".")[2]
    refuse_simulator(device.source, [kind])
    if kind not in _KINDS:
        raise device["type"].error(f"one of {', '.join(_KINDS)}")
    product, system = _KINDS[kind]
    version, build = device["os_version"].text(), device["os_build_number"].text()
    # coremltools keeps the kind of device only: the product is the user's to state.
    return MeasuringDevice(device["product"].text() or product, system, version, build, coremltools=coremltools)


def _model(model: Fields, stated: Stated) -> str:
    name = model.file_name() or stated.model
    if name is None:
        raise model.error("the name of the model; pass it with --model")
    return name


def _units(units: Fields, stated: Stated) -> ComputeUnits:
    if units.value is None and stated.compute_units is not None:
        return stated.compute_units
    try:
        return parse_compute_units(units.text())
    except UsageError:
        raise units.error("compute units, such as ALL; pass them with --compute-units") from None


def _time(created: Fields) -> datetime | None:
    text = created.text()
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text.replace("Z", "+00:00"))
    except ValueError:
        raise created.error("a date and time, such as 2026-01-31T12:00:00Z") from None
    return moment.astimezone(timezone.utc)
