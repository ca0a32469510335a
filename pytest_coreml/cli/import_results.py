"""`pytest-coreml import FILE... --output=REPORT`: turn results that were measured elsewhere into a report.

Tables of Instruments become a timeline.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from pytest_coreml.cli.output import write_text

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator, Mapping
    from typing import Any

    from pytest_coreml.facts.model_spec import ModelSpec
    from pytest_coreml.verdict.record import Record


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Declare the command."""
    parser = subparsers.add_parser(
        "import",
        help="convert results of Xcode, XCTest and coremltools' remote devices into a report, and tables of xctrace "
        "into a timeline",
        description="Convert results of Xcode, XCTest and coremltools' remote devices into a report, and tables of "
        "xctrace into a timeline. Personal details are removed.",
    )
    parser.add_argument(
        "files",
        nargs="+",
        type=Path,
        metavar="FILE",
        help="file or exported folder with results, recognized by its content",
    )
    parser.add_argument("--output", type=Path, required=True, metavar="REPORT", help="report or timeline to write")
    parser.add_argument(
        "--model",
        metavar="MODEL",
        help="path of the measured model, to check that the results fit it; or only its name",
    )
    parser.add_argument(
        "--compute-units", metavar="UNITS", help="compute units of the results, for files that do not name them"
    )
    parser.add_argument("--metric", metavar="NAME", help="part of the name of the metric to import from XCTest")
    parser.add_argument(
        "--timeout",
        type=float,
        default=120.0,
        metavar="SECONDS",
        help="time limit to read the model (default: 120)",
    )
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Write the report and print what is in it; return 0."""
    if any(_is_of_timeline(path) for path in arguments.files):
        from pytest_coreml.cli.import_tables import import_tables

        return import_tables(arguments.files, arguments.output)
    from pytest_coreml.device_reports.device_result import Stated
    from pytest_coreml.device_reports.find_importers import import_results
    from pytest_coreml.facts.compute_units import parse_compute_units
    from pytest_coreml.report.document.imported import build_imported_report
    from pytest_coreml.report.document.read import decode_report
    from pytest_coreml.report.document.write import write_report

    units = parse_compute_units(arguments.compute_units) if arguments.compute_units is not None else None
    path = _model_path(arguments.model)
    name = Path(arguments.model).name if arguments.model is not None else None
    results = import_results(arguments.files, Stated(name, units, arguments.metric))
    spec = _read_model(path, arguments.timeout) if path is not None else None
    document = build_imported_report(results, spec)
    write_report(document, arguments.output)
    report = decode_report(document)
    lines = [line for record in report.records for line in _lines(record, report.get_machine(record))]
    write_text("\n".join([*lines, f"written: {arguments.output}"]) + "\n")
    return 0


def _is_of_timeline(path: Path) -> bool:
    """Return True for an export of xctrace, and for a timeline of ours to lay tables over."""
    from pytest_coreml.device_reports.xctrace.export_root import export_root
    from pytest_coreml.report.document.trace_format import is_trace

    return is_trace(path) or export_root(path) is not None


def _model_path(model: str | None) -> Path | None:
    """Return the path of the model, None for a mere name; raise `UsageError` for a path where there is none."""
    from pytest_coreml.errors import UsageError

    if model is None or Path(model).exists():
        return Path(model) if model is not None else None
    if Path(model).name != model:
        raise UsageError(f"{model}: there is no such file or package")
    return None


def _read_model(path: Path, timeout: float) -> ModelSpec:
    from pytest_coreml.cli.inspect import read

    return read(path, None, timeout)[0]


def _lines(record: Record, machine: Mapping[str, Any]) -> Iterator[str]:
    from pytest_coreml.facts.metrics import METRICS
    from pytest_coreml.report.text.numbers import check_figure, machine_words, percent

    yield f"{record.id} on {record.compute_units}: {machine_words(machine)}"
    for metric in METRICS:
        value = metric.value(record.measured) if metric.value is not None else None
        if metric.unit == "ms" and value is not None:
            yield f"  {metric.words} {check_figure(metric.name, value)}"
    placement = record.placement
    if placement is not None:
        if placement.unknown:
            yield f"  planned placement: unknown, {placement.why_unknown}"
        else:
            shares = [f"{device} {percent(share)}" for device, share in placement.shares("ops").items()]
            yield f"  planned placement, of operations: {', '.join(shares)}"
    yield from (f"  note: {note}" for note in record.notes)
