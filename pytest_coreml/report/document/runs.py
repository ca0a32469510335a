"""Read the runs that reports on disk contain, by measurement."""

from __future__ import annotations

import re
from collections import defaultdict
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from pytest_coreml.errors import CoreMLTestError, UsageError, nearest
from pytest_coreml.facts.clocks import OWN_CLOCK
from pytest_coreml.report.document.read import read_report
from pytest_coreml.verdict.regression.run import Run, Runs

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from pytest_coreml.facts.model_spec import ModelSpec
    from pytest_coreml.verdict.record import Record
    from pytest_coreml.verdict.regression.run import MeasurementKey

# Folders of different machines, as `runs-mac` and `runs-linux`, are less similar than a misspelled name.
_MISSPELLED: Final = 0.85


def read_runs(paths: Iterable[Path]) -> Runs:
    """Read reports, each of one run, and return the runs of each measurement, oldest first.

    The last attempt counts if a report contains several at one test. Each machine in a report has made its own run.
    Raise `ReportError` for a file that is not a report, and `UsageError` for a folder without a report.
    """
    gathered: dict[MeasurementKey, list[Run]] = defaultdict(list)
    lines: dict[MeasurementKey, int] = {}
    for part in sorted(map(_read, find_reports(paths)), key=lambda part: part.created):
        for key, run in part.runs:
            gathered[key].append(run)
        lines.update(part.lines)
    return Runs(dict(gathered), lines)


def read_baseline(paths: Sequence[Path]) -> Runs:
    """Return the runs to judge against; none as long as there is nothing but folders without reports.

    A folder need not exist yet: a first pull request has nothing to compare with.
    Raise `UsageError` if runs cannot be read or contain no measurement, or a missing folder has the name of one with
    reports beside it, but for its spelling.
    """
    for path in paths:
        _refuse_misspelled(path)
    recorded = [path for path in paths if not _is_to_be_recorded(path)]
    if not recorded:
        return Runs()
    try:
        runs = read_runs(recorded)
    except CoreMLTestError as error:
        raise UsageError(f"the baseline cannot be used: {error}") from error
    if not runs.by_key:
        raise UsageError(f"the baseline cannot be used: {', '.join(map(str, paths))} contains no measurement")
    return runs


def _is_to_be_recorded(path: Path) -> bool:
    """Return True for a folder without reports, and for the name of one that does not exist."""
    return not any(path.glob("*.json")) if path.is_dir() else not path.exists() and path.suffix != ".json"


def _refuse_misspelled(path: Path) -> None:
    """Raise `UsageError` for a path that does not exist beside a folder of reports with a similar name."""
    if path.exists():
        return
    # Names that differ in a number, as `runs-m1` and `runs-m2`, are no misspelling.
    names = {report.parent.name for report in path.parent.glob("*/*.json")}
    near = nearest(path.name, [name for name in names if _digits(name) == _digits(path.name)], _MISSPELLED)
    if near is not None:
        raise UsageError(
            f"the baseline cannot be used: there is no {path}; did you mean {near!r}? "
            "Create the folder if it is a new one"
        )


def _digits(name: str) -> list[str]:
    return re.findall(r"\d+", name)


class _Part(NamedTuple):
    """The runs in one report."""

    created: str
    runs: list[tuple[MeasurementKey, Run]]
    lines: dict[MeasurementKey, int]


def _read(path: Path) -> _Part:
    # The document is freed with the report when this returns: several large ones need not fit into memory at once.
    report = read_report(path)
    # The last one of a test on a machine is its last attempt.
    records = {(record.key, record.machine): record for record in report.records}.values()
    runs = [
        (record.key, make_run(record, report.get_machine(record), report.models.get(record.model or "")))
        for record in records
    ]
    return _Part(report.created, runs, {record.key: record.line for record in records if record.line is not None})


def find_reports(paths: Iterable[Path]) -> list[Path]:
    """Return the report files in *paths*, files and folders; raise `UsageError` for a folder without a report."""
    found: list[Path] = []
    for path in paths:
        inside = sorted(path.glob("*.json")) if path.is_dir() else [path]
        if not inside:
            raise UsageError(f"no reports (*.json) in the folder {path}")
        found += inside
    # A report that is named twice is one run.
    return list({path.resolve(): path for path in found}.values())


def make_run(record: Record, machine: Mapping[str, Any], model: ModelSpec | None) -> Run:
    """Return the run of *record* on *machine*; *model* is the description of the model, None if unknown."""
    # A report of several clocks may have one machine.
    foreign = record.measured_by != OWN_CLOCK and machine.get("measured_by") != record.measured_by
    return Run(
        machine={**machine, "measured_by": record.measured_by} if foreign else machine,
        predict=record.predict,
        load=record.load,
        memory_mb=record.memory_mb,
        placement=record.placement,
        agreement=record.agreement,
        model=model,
        machine_name=record.machine,
        failed=record.failed_unmeasured,
    )
