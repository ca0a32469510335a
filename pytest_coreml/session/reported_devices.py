"""Find and read the device reports that a test names."""

from __future__ import annotations

import glob
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from pytest_coreml.device_reports.find_importers import group_files, read_group
from pytest_coreml.device_reports.imported_file import ImportedFile
from pytest_coreml.errors import ReportError, hidden_for_ours
from pytest_coreml.facts.reported_model import ReportedModel, model_stem
from pytest_coreml.report.document.imported import device_record
from pytest_coreml.report.document.machines import device_name
from pytest_coreml.report.document.read import read_report

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from pytest_coreml.device_reports.device_result import Stated
    from pytest_coreml.device_reports.find_importers import FileGroup
    from pytest_coreml.facts.clocks import Clock
    from pytest_coreml.facts.compute_units import ComputeUnits
    from pytest_coreml.facts.measurement import LoadTimes, Measurement
    from pytest_coreml.facts.model_spec import ModelSpec
    from pytest_coreml.facts.placement import Placement
    from pytest_coreml.report.document.dataclass_codec import Json
    from pytest_coreml.verdict.record import Record

__tracebackhide__ = hidden_for_ours

_NO_WORD: Final = re.compile(r"[^A-Za-z0-9.]+")


@dataclass(frozen=True, eq=False)
class DeviceReport:
    """The measurements of one model on one device, from a report that a test names."""

    path: Path
    """The file that contains it."""
    record: Record
    """The record as imported."""
    machine: Json
    """The device, as a report describes machines."""

    @property
    def device(self) -> str:
        """The marketing name of the device, or the name of its chip."""
        return str(self.machine.get("product") or self.machine["chip"] or "device")

    @property
    def system(self) -> str:
        """The operating system of the device with its version."""
        return " ".join(filter(None, (self.machine["os"]["name"], self.machine["os"]["version"])))

    @property
    def measured_by(self) -> Clock:
        """The clock: `xcode`, `xctest`, `coremltools-remote`, or `pytest-coreml` on another machine."""
        return self.record.measured_by

    @property
    def model_name(self) -> str:
        """The name of the model in the report."""
        return self.record.model_name

    @property
    def compute_units(self) -> ComputeUnits:
        """The compute units."""
        return self.record.compute_units

    @property
    def function(self) -> str | None:
        """The function; None for the default one, and if unknown."""
        return self.record.function

    @property
    def load(self) -> LoadTimes | None:
        """Compile and load times; None if none were measured."""
        return self.record.load

    @property
    def predict(self) -> Measurement | None:
        """The measured predictions; None if none were measured."""
        return self.record.predict

    @property
    def placement(self) -> Placement | None:
        """The planned placement; None if the report has none."""
        return self.record.placement

    @property
    def machine_name(self) -> str:
        """The key of the device among the machines of a report."""
        return f"{device_name(self.machine)}, {self.measured_by}"


class DeviceReports(tuple[DeviceReport, ...]):
    """All device reports of a test's model, and the one that this test is judged by."""

    judged: DeviceReport
    """The report that this test is judged by."""


@dataclass(frozen=True, eq=False)
class ReportOfTest:
    """The parameter of a test that is judged by device reports."""

    report: DeviceReport | None
    """The report; None if there is a problem."""
    every: tuple[DeviceReport, ...] = ()
    """All reports of the model."""
    problem: str | None = None
    """The reason for a missing report; None if there is one."""
    word: str = "no-report"
    """The part of the test id."""


@dataclass(frozen=True)
class WantedReports:
    """The device reports that a test names."""

    patterns: tuple[str, ...]
    """The paths, which may have wildcards, relative to the folder of the test or the rootdir."""
    model: str | None
    """The file name of the model; None for any, where a callable builds it."""
    function: str | None
    """The function of the model; None for any."""
    stated: Stated
    """The model and the compute units of files that name neither."""
    names_units: bool = True
    """True if the test ids name the compute units of reports, since nothing else does."""

    def includes(self, report: DeviceReport) -> bool:
        """Return True if *report* is of the model and of the function."""
        if self.model is not None and model_stem(report.model_name) != model_stem(self.model):
            return False
        return self.function is None or report.function in (None, self.function)


class ReportFiles:
    """Reads each file once in a run. *rootdir*: the folder in which patterns are looked up last."""

    def __init__(self, rootdir: Path) -> None:
        self._rootdir = rootdir
        self._read: dict[tuple[tuple[Path, ...], Stated], list[DeviceReport | str]] = {}

    def for_test(self, wanted: WantedReports, folder: Path) -> list[ReportOfTest]:
        """Return a parameter for each report that a test in *folder* wants, and for each file that cannot be read.

        A test without any report has one parameter with the problem.
        """
        paths = [path for pattern in wanted.patterns for path in self._find(pattern, folder)]
        found = self._reports(tuple(dict.fromkeys(paths)), wanted.stated)
        reports = [each for each in found if isinstance(each, DeviceReport)]
        own = tuple(each for each in reports if wanted.includes(each))
        problems = [ReportOfTest(None, problem=each, word="unreadable") for each in found if isinstance(each, str)]
        if not own and not problems:
            return [ReportOfTest(None, problem=_none(wanted, dict.fromkeys((folder, self._rootdir)), reports))]
        words = _words(own, wanted.names_units)
        return [*(ReportOfTest(each, own, word=word) for each, word in zip(own, words, strict=True)), *problems]

    def _find(self, pattern: str, folder: Path) -> list[Path]:
        for base in dict.fromkeys((folder, self._rootdir)):
            full = base / Path(pattern).expanduser()
            if found := sorted(glob.glob(str(full), recursive=True)):  # noqa: PTH207 (pathlib has no absolute patterns)
                return [Path(path) for path in found]
        return []

    def _reports(self, paths: tuple[Path, ...], stated: Stated) -> list[DeviceReport | str]:
        if (paths, stated) not in self._read:
            self._read[paths, stated] = list(_read_all(paths, stated))
        return self._read[paths, stated]


def _read_all(paths: Sequence[Path], stated: Stated) -> Iterator[DeviceReport | str]:
    """Yield the reports in files, and the problem of each file that cannot be read."""
    foreign: list[Path] = []
    for path in paths:
        own, problem = _try_own(path)
        yield from own
        if problem is not None:
            yield problem
        elif not own:
            foreign.append(path)
    for group in group_files(foreign):
        yield from _try_group(group, stated)


def _try_own(path: Path) -> tuple[list[DeviceReport], str | None]:
    """Return the reports in a file of this package, or why the file cannot be read; neither for a foreign file."""
    try:
        if _is_own(path):
            found = list(_read_own(path))
            return found, None if found else f"{path}: contains no measurement of Core ML"
        group_files([path])
    except ReportError as error:
        return [], str(error)
    return [], None


def _try_group(group: FileGroup, stated: Stated) -> list[DeviceReport | str]:
    try:
        return [DeviceReport(group.files[0].path, *device_record(result)) for result in read_group(group, stated)]
    except ReportError as error:
        return [str(error)]


def _is_own(path: Path) -> bool:
    if path.is_dir():
        return False
    content = ImportedFile(path).json
    return isinstance(content, dict) and "schema_version" in content


def _read_own(path: Path) -> Iterator[DeviceReport]:
    report = read_report(path)
    for record in {(each.key, each.machine): each for each in report.records}.values():
        # What the reference runtime did says nothing about a device.
        if record.runtime == "coreml" and (record.predict or record.load or record.placement):
            if record.reported_model is None and record.model in report.models:
                record.reported_model = _described(report.models[record.model])
            yield DeviceReport(path, record, report.get_machine(record))


def _described(spec: ModelSpec) -> ReportedModel:
    return ReportedModel(
        spec.file_name,
        spec.size_bytes,
        spec.operations,
        tuple(feature.name for feature in spec.inputs),
        tuple(feature.name for feature in spec.outputs),
    )


def _none(wanted: WantedReports, folders: Iterable[Path], others: Sequence[DeviceReport]) -> str:
    named = " and ".join(map(repr, wanted.patterns))
    if not others:
        return f"coreml_device_report: no file is named {named}; looked in {' and in '.join(map(str, folders))}"
    names = ", ".join(dict.fromkeys(each.model_name for each in others))
    model = wanted.model if wanted.function is None else f"{wanted.function} of {wanted.model}"
    return f"coreml_device_report: none of the reports {named} is of {model}; they are of {names}"


def _words(reports: Sequence[DeviceReport], names_units: bool) -> list[str]:
    """Return the parts of test ids: the device and compute units, with what tells one from another."""
    forms = [[_word(each.device), each.compute_units if names_units else ""] for each in reports]
    for further in ("system", "measured_by", "case", "file"):
        alike = [words for words in forms if forms.count(words) > 1]
        forms = [
            [*words[:-1], _word(_further(each, further)), words[-1]] if words in alike else words
            for words, each in zip(forms, reports, strict=True)
        ]
    return ["-".join(filter(None, words)) for words in forms]


def _further(report: DeviceReport, what: str) -> str:
    if what == "case":
        return report.record.id if report.measured_by == "xctest" else ""
    return report.path.stem if what == "file" else str(getattr(report, what))


def _word(text: str) -> str:
    return _NO_WORD.sub("-", text).strip("-")


def make_reports(each: ReportOfTest) -> DeviceReports:
    """Return what the fixture gives to a test; *each* has a report."""
    found = DeviceReports(each.every)
    if each.report is not None:
        found.judged = each.report
    return found
