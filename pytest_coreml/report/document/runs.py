"""The runs that reports on disk hold, by what was measured."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any, NamedTuple

from pytest_coreml.errors import CoreMLTestError, UsageError
from pytest_coreml.report.document.read import read_report
from pytest_coreml.verdict.regression.run import Run, Runs

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from pytest_coreml.facts.model_spec import ModelSpec
    from pytest_coreml.verdict.record import Record
    from pytest_coreml.verdict.regression.run import MeasurementKey


def read_runs(paths: Iterable[Path]) -> Runs:
    """Read reports, each one run, oldest first, and gather their measurements by key.

    Of a test that was rerun in one report, the last attempt counts; of several machines in one report, each has made a
    run. Raises `ReportError` for what is no report,
    `UsageError` for a folder without one.
    """
    gathered: dict[MeasurementKey, list[Run]] = defaultdict(list)
    lines: dict[MeasurementKey, int] = {}
    for part in sorted(map(_read, find_reports(paths)), key=lambda part: part.created):
        for key, run in part.runs:
            gathered[key].append(run)
        lines.update(part.lines)
    return Runs(dict(gathered), lines)


def read_baseline(paths: Sequence[Path]) -> Runs:
    """Read the runs to judge against; `UsageError` for whatever is wrong with them, also when they measured nothing."""
    try:
        runs = read_runs(paths)
    except CoreMLTestError as error:
        raise UsageError(f"the baseline cannot be used: {error}") from error
    if not runs.by_key:
        raise UsageError(f"the baseline cannot be used: {', '.join(map(str, paths))} holds no measurement")
    return runs


class _Part(NamedTuple):
    """What one report has."""

    created: str
    runs: list[tuple[MeasurementKey, Run]]
    lines: dict[MeasurementKey, int]


def _read(path: Path) -> _Part:
    # The document goes with the report when this returns: several large ones need not fit into memory at once.
    report = read_report(path)
    # The last one of a test on a machine is its last attempt.
    records = {(record.key, record.machine): record for record in report.records}.values()
    runs = [
        (record.key, run_of(record, report.machine_of(record), report.models.get(record.model))) for record in records
    ]
    return _Part(report.created, runs, {record.key: record.line for record in records if record.line is not None})


def find_reports(paths: Iterable[Path]) -> list[Path]:
    """Give report files for files and folders; raises `UsageError` for a folder without a report."""
    found: list[Path] = []
    for path in paths:
        inside = sorted(path.glob("*.json")) if path.is_dir() else [path]
        if not inside:
            raise UsageError(f"no reports (*.json) in the folder {path}")
        found += inside
    # A report that is named twice is one run all the same.
    return list({path.resolve(): path for path in found}.values())


def run_of(record: Record, machine: Mapping[str, Any], model: ModelSpec | None) -> Run:
    """Give what *record* says as a run, made on *machine*; *model* is what the model says of itself, where known."""
    return Run(
        machine=machine,
        predict=record.predict,
        load=record.load,
        memory_mb=record.memory_mb,
        placement=record.placement,
        model=model,
        machine_name=record.machine,
    )
