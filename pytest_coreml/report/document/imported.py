"""Reports of results that were measured elsewhere."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, NamedTuple

from pytest_coreml.errors import ReportError
from pytest_coreml.report.document.build import build_report
from pytest_coreml.report.document.machines import device_name, encode_device
from pytest_coreml.verdict.model_fit import model_differences
from pytest_coreml.verdict.record import Record

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_coreml.device_reports.device_result import DeviceResult
    from pytest_coreml.facts.model_spec import ModelSpec
    from pytest_coreml.report.document.dataclass_codec import Json


class DeviceRecord(NamedTuple):
    """The record of a device report, and the device as a report describes machines."""

    record: Record
    machine: Json


def device_record(result: DeviceResult) -> DeviceRecord:
    """Return the record of *result*, under the name of its test or model."""
    record = Record(
        id=result.case or result.model.name,
        model=None,
        model_name=result.model.name,
        compute_units=result.compute_units,
        function=result.function,
        runtime="coreml",
        load=result.load,
        predict=result.predict,
        placement=result.placement,
        measured_by=result.measured_by,
        reported_model=result.model,
        notes=list(result.notes),
    )
    return DeviceRecord(record, encode_device(result.device, result.measured_by))


def build_imported_report(results: Sequence[DeviceResult], spec: ModelSpec | None = None) -> Json:
    """Return the document of a report of *results*; *spec*: the model that they must be of, None for any.

    Devices are kept apart. Raise `ReportError` for a result of another model than *spec*, and for two results that a
    report could not tell from each other.
    """
    found = [device_record(result) for result in results]
    if spec is not None:
        for each in found:
            _bind(each.record, spec)
    machines = _name_machines(found)
    _refuse_duplicates(found)
    times = [result.measured for result in results if result.measured is not None]
    specs = [spec] if spec is not None else []
    created = max(times) if times else None
    return build_report([each.record for each in found], specs, found[0].machine, machines, created)


def _bind(record: Record, spec: ModelSpec) -> None:
    """Let *record* be one of the model that *spec* describes."""
    reported = record.reported_model
    differences = model_differences(reported, spec) if reported is not None else ()
    if differences:
        raise ReportError(
            f"{record.model_name}: measured with another version of {spec.file_name}: {'; '.join(differences)}"
        )
    if record.id == record.model_name:
        record.id = spec.file_name
    record.model, record.model_name, record.size_mb = spec.sha256, spec.file_name, spec.size_mb


def _name_machines(found: Sequence[DeviceRecord]) -> dict[str, dict[str, Any]]:
    """Name the device of each record where there are several; return the devices by name."""
    several: list[Json] = []
    for each in found:
        if each.machine not in several:
            several.append(each.machine)
    if len(several) < 2:
        return {}
    names: list[str] = []
    for machine in several:
        name, number = device_name(machine), 2
        while name in names:
            name, number = f"{device_name(machine)} ({number})", number + 1
        names.append(name)
    for each in found:
        each.record.machine = names[several.index(each.machine)]
    return dict(zip(names, several, strict=True))


def _refuse_duplicates(found: Sequence[DeviceRecord]) -> None:
    counts = Counter((each.record.key, each.record.machine) for each in found)
    for each in found:
        if counts[each.record.key, each.record.machine] > 1:
            raise ReportError(
                f"{each.record.id}: several results on {device_name(each.machine)} under {each.record.compute_units}, "
                "which are several runs: import each into a separate report"
            )
