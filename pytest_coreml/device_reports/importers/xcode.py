"""Xcode's performance report: what the Performance tab of a model exports, a JSON file or a folder with one.

Its form is undocumented. This follows published reports (`jsonVersion` 1, `deviceResultVersion` 4), whose protocol is:
several experiments, each with one compilation, `loadCount` loads and `predictionCount` predictions. The first load and
the first prediction of an experiment are of a model that is not in a cache. Times are in seconds.
"""

from __future__ import annotations

import json
from collections import Counter
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Final, NamedTuple

from pytest_coreml.device_reports.device_result import DeviceResult, MeasuringDevice
from pytest_coreml.device_reports.fields import Fields
from pytest_coreml.device_reports.importer import Importer
from pytest_coreml.device_reports.plan_entries import known_device, read_program
from pytest_coreml.device_reports.simulators import refuse_simulator
from pytest_coreml.errors import ReportError
from pytest_coreml.facts.measurement import LoadTimes, Measurement
from pytest_coreml.facts.placement import Placement
from pytest_coreml.facts.reported_model import ReportedModel, model_stem

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pytest_coreml.device_reports.device_result import Stated
    from pytest_coreml.device_reports.imported_file import ImportedFile
    from pytest_coreml.facts.compute_units import ComputeUnits

_JSON_VERSION: Final = 1
_RESULT_VERSION: Final = 4
# The raw values of MLComputeUnits; reports with others than 2 were not seen.
_COMPUTE_UNITS: Final[dict[int, ComputeUnits]] = {0: "cpuOnly", 1: "cpuAndGPU", 2: "all", 3: "cpuAndNeuralEngine"}
_EPOCH: Final = datetime(2001, 1, 1, tzinfo=timezone.utc)
# A time of a report far in the future is not one.
_MAX_SECONDS: Final = 200 * 366 * 86400


def recognizes(file: ImportedFile) -> bool:
    """Return True for a report of Xcode."""
    return isinstance(file.json, dict) and "deviceResults" in file.json and "jsonVersion" in file.json


def read(files: Sequence[ImportedFile], stated: Stated) -> list[DeviceResult]:
    """Return the result in each report."""
    return [_read(Fields(str(file), file.json), stated) for file in files]


IMPORTER: Final = Importer("a performance report of Xcode", recognizes, read)


def _read(report: Fields, stated: Stated) -> DeviceResult:
    if report["jsonVersion"].value != _JSON_VERSION:
        raise report["jsonVersion"].error(f"{_JSON_VERSION}, the format that is known")
    results = report["deviceResults"]
    if isinstance(results.value, list):
        raise ReportError(f"{report.source}: contains results of several devices, which are not one series")
    results.object()
    notes: list[str] = []
    if (version := report["deviceResultVersion"]).value != _RESULT_VERSION:
        notes.append(f"deviceResultVersion {version.integer()}; {_RESULT_VERSION} is known")
    load, predict = _load_times(results, notes), _predictions(results, notes)
    if load is None and predict is None:
        raise ReportError(f"{report.source}: contains no measurement: Xcode has compiled, loaded and predicted nothing")
    placement = _placement(results["modelStructure"])
    function = placement.ops[0].block.partition("/")[0] if placement.ops else None
    return DeviceResult(
        measured_by="xcode",
        device=_device(report["deviceInfo"], results),
        model=_model(report["modelMetadata"], placement, stated, notes),
        compute_units=_units(report["computeUnit"], stated),
        function=function,
        measured=_time(results),
        load=load,
        predict=predict,
        placement=placement,
        notes=tuple(notes),
    )


def _units(unit: Fields, stated: Stated) -> ComputeUnits:
    if not isinstance(unit.value, int) or unit.value not in _COMPUTE_UNITS:
        if unit.value is None and stated.compute_units is not None:
            return stated.compute_units
        raise unit.error("0 to 3, the compute units; pass them with --compute-units")
    return _COMPUTE_UNITS[unit.value]


def _device(info: Fields, results: Fields) -> MeasuringDevice:
    # The name of the device, its identifier and its serial number stay behind.
    product, system = info["modelName"].text(), info["osNameAndVersionWithoutBuildNumber"].text()
    long = info["osNameAndVersionWithInternalBuildNumber"].text() or ""
    kind = info["deviceType"].key() or ""
    refuse_simulator(info.source, [kind, product or "", system or "", str(info["displayName"].value)])
    name, _, version = (system or kind or "unknown").partition(" ")
    build = long.partition("(")[2].rstrip(")") if "(" in long else None
    offered = [known_device(item["deviceType"]) for item in results["availableComputeDevices"].items()]
    return MeasuringDevice(
        product, name, version or None, build or None, tuple(device for device, _ in offered if device)
    )


class _Split(NamedTuple):
    """The samples of a series in ms: those that begin an experiment, and the others."""

    first: tuple[float, ...]
    later: tuple[float, ...]


def _split(results: Fields, series: str, count: str, notes: list[str]) -> _Split | None:
    """Return the samples of *series*, of which each experiment has as many as *count* says; None if there are none.

    Where the lengths do not fit, it is unknown which samples are the first ones.
    """
    samples = tuple(1000.0 * sample for sample in results[series]["samples"].numbers())
    if not samples:
        return None
    plan = results["perfRunConfig"]
    each, experiments = plan[count].integer(), plan["experimentIterations"].integer()
    if not each or not experiments or len(samples) != each * experiments:
        notes.append(f"{series}: {len(samples)} samples do not fit {count} {each} in {experiments} experiments")
        return _Split((), samples)
    first = samples[::each]
    return _Split(first, tuple(sample for index, sample in enumerate(samples) if index % each))


def _load_times(results: Fields, notes: list[str]) -> LoadTimes | None:
    compiled = tuple(1000.0 * sample for sample in results["compile"]["samples"].numbers())
    loads = _split(results, "load", "loadCount", notes)
    if loads is None:
        return LoadTimes(compile_ms=compiled) if compiled else None
    if not loads.first:
        notes.append("load: left out, because first and cached loads cannot be distinguished")
        return LoadTimes(compile_ms=compiled) if compiled else None
    return LoadTimes(compile_ms=compiled, first_load_ms=loads.first, load_ms=loads.later)


def _predictions(results: Fields, notes: list[str]) -> Measurement | None:
    found = _split(results, "predict", "predictionCount", notes)
    if found is None:
        return None
    if found.first:
        firsts = ", ".join(f"{sample:.3g}" for sample in found.first)
        notes.append(f"first predictions of the experiments: {firsts} ms")
    samples = found.later or found.first
    first = found.first[0] if found.first and found.later else None
    warmup = len(found.first) if found.later else 0
    return Measurement(native_ms=samples, wall_ms=samples, wait_ms=None, warmup=warmup, first_ms=first)


def _placement(structure: Fields) -> Placement:
    functions = structure["program"]["_0"]["functions"]
    if functions.value is None:
        kinds = [name for name, _ in structure.members()]
        return Placement((), f"the report's structure is {' and '.join(kinds[:3]) or 'empty'}, whose form is not known")
    named = list(functions.members())
    if len(named) != 1:
        return Placement((), f"the report lists {len(named)} functions, and does not say which was measured")
    name, function = named[0]
    return read_program(function["block"], name)


def _time(results: Fields) -> datetime | None:
    starts = [results[series]["startTime"].value for series in ("predict", "load", "compile")]
    seconds = next((start for start in starts if isinstance(start, (int, float)) and 0 < start < _MAX_SECONDS), None)
    return None if seconds is None else _EPOCH + timedelta(seconds=seconds)


def _model(metadata: Fields, placement: Placement, stated: Stated, notes: list[str]) -> ReportedModel:
    raw = _raw_metadata(metadata["rawMetadata"])
    listed = {_snake(name): count.integer() or 0 for name, count in raw["mlProgramOperationTypeHistogram"].members()}
    read = Counter(op.operator for op in placement.ops)
    if read and read.total() < sum(listed.values()):
        notes.append(f"lists {read.total()} of the model's {sum(listed.values())} operations")
    return ReportedModel(
        name=_name(metadata, stated),
        size_bytes=metadata["size"].integer(),
        operations=listed or dict(read),
        inputs=tuple(_names(raw["inputSchema"])),
        outputs=tuple(_names(raw["outputSchema"])),
    )


def _raw_metadata(text: Fields) -> Fields:
    """Return the metadata of the model, a JSON text with a list of one object; missing ones if it is not that."""
    try:
        value = json.loads(text.value) if isinstance(text.value, str) else None
    except (ValueError, RecursionError):
        value = None
    inner = value[0] if isinstance(value, list) and value else None
    return Fields(text.source, inner if isinstance(inner, dict) else None, text.place)


def _name(metadata: Fields, stated: Stated) -> str:
    """Return the file name of the model, with the suffix of its path where both name the same model."""
    name, path = metadata["fileName"].file_name(), metadata["modelUrl"].file_name()
    if path is not None and (name is None or model_stem(path) == model_stem(name)):
        return path
    if name is None and stated.model is not None:
        return stated.model
    if name is None:
        raise metadata["fileName"].error("the name of the model; pass it with --model")
    return name


def _names(schema: Fields) -> Iterator[str]:
    for item in schema.items():
        if (name := item["name"].text()) is not None:
            yield name


def _snake(name: str) -> str:
    """Return an operator as programs name it: `constexpr_lut_to_dense` for `Ios18.constexprLutToDense`."""
    word = name.rpartition(".")[2]
    parts = "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in word)
    return parts.lstrip("_")
