"""The end of a run: the report, the exit status, and the summary in the terminal."""

from __future__ import annotations

import contextlib
import os
import shlex
from typing import TYPE_CHECKING, Any, Final

import pytest

from pytest_coreml.errors import CoreMLTestError
from pytest_coreml.escaping import safe_lines, shown_in
from pytest_coreml.report.text.line import Line
from pytest_coreml.report.text.standings import STANDINGS

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from pytest_coreml.plugin.pytest_run import PytestRun
    from pytest_coreml.plugin.run_results import Results
    from pytest_coreml.verdict.record import Record

_CONCURRENT_LOADS: Final = (
    "load times are not comparable: workers loaded concurrently; a load budget loads one at a time"
)

# It annotates each test that fails in its body.
_ANNOTATING_PLUGIN: Final = "pytest_github_actions_annotate_failures"


def finish(run: PytestRun, session: pytest.Session) -> None:
    """Write the report; a run whose report cannot be written, or with a test that failed late, fails."""
    results = run.results
    if results is None:
        return
    results.complete()
    if results.failed_late:
        _fail(session)
    if run.options.trace is not None:
        from pytest_coreml.plugin.trace_file import write_trace

        results.problem = write_trace(run, results, run.options.trace)
        if results.problem:
            _fail(session)
    paths = list(_output_paths(run).values())
    if not paths or not _replaces(paths, results):
        return
    results.partial = _ended_early(session)
    try:
        _write_files(run, results)
    except CoreMLTestError as error:
        results.problem = str(error)
        _fail(session)


def _write_files(run: PytestRun, results: Results) -> None:
    from pytest_coreml.report.document.write import write_report

    document = _document(run, results)
    if run.options.report is not None:
        write_report(document, run.options.report)
    if run.options.html is not None:
        from pytest_coreml.report.document.read import decode_report
        from pytest_coreml.report.formats.html.html_page import write_page

        write_page([decode_report(document)], run.options.html, [results.timeline] if results.timeline else ())


def _output_paths(run: PytestRun) -> dict[str, Path]:
    """Return the path of each file that the run writes, by its name in messages."""
    paths = {"report": run.options.report, "page": run.options.html}
    return {word: path for word, path in paths.items() if path is not None}


def _replaces(paths: list[Path], results: Results) -> bool:
    """Return False for a run that keeps the files of an earlier one: no test of a model has ended in it."""
    # A run that only collects, or has found a mistake, writes none at all.
    results.kept = results.ran and not results.records and any(path.exists() for path in paths)
    return results.ran and not results.kept


def _ended_early(session: pytest.Session) -> bool:
    """Return True if the run was interrupted, or stopped, as by `-x`, before all its tests had ended."""
    ended = session.exitstatus in (pytest.ExitCode.INTERRUPTED, pytest.ExitCode.INTERNAL_ERROR)
    return bool(ended or session.shouldfail or session.shouldstop)


def _fail(session: pytest.Session) -> None:
    if session.exitstatus in (pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def _document(run: PytestRun, results: Results) -> Any:
    from pytest_coreml.report.document.build import build_report

    document = build_report(
        results.records,
        results.models.values(),
        _machine(run, results),
        {**results.machines.several, **results.devices},
    )
    if results.partial:
        document["partial"] = True
    return document


def _machine(run: PytestRun, results: Results) -> Mapping[str, Any]:
    return results.machines.first or run.machine()


def summarize(run: PytestRun, reporter: Any) -> None:
    """Print the table of what was measured, the checks that are not green, and where the report is."""
    results = run.results
    if results is None:
        return
    if results.records:
        _print_table(run, results, reporter)
    _tell_missing_baseline(run, reporter)
    if run.benchmark.problem:
        from pytest_coreml.escaping import printable

        reporter.write_line(
            f"Core ML: pytest-benchmark could not take measurements of {printable(run.benchmark.problem)}"
        )
    for record in results.failed_late:
        _write(reporter, f"ERROR: {record.id} failed after its end, by what a later test measured", red=True)
    if results.trace_written:
        _write(reporter, f"Core ML trace: {run.options.trace}")
    if results.problem:
        _write(reporter, f"ERROR: {results.problem}", red=True)
    elif results.ran:
        for word, path in _output_paths(run).items():
            _write(reporter, f"Core ML {word}: {_state(path, results)}")


def _state(path: Path, results: Results) -> str:
    if results.kept:
        return f"no test of a model has ended; {path} is of an earlier run"
    return f"{path} (partial: the run ended before all its tests)" if results.partial else str(path)


def _tell_missing_baseline(run: PytestRun, reporter: Any) -> None:
    baseline = run.read_baseline()
    if baseline is None or baseline.by_key or run.results is None or not run.results.ran:
        return
    folder = shlex.quote(os.path.relpath(run.options.baseline[0]))
    _write(
        reporter,
        f"Core ML baseline: nothing to compare with yet in {folder}; record a run with --coreml-report=r.json, and add "
        f"it with: pytest-coreml baseline add r.json {folder}",
    )


def _print_table(run: PytestRun, results: Results, reporter: Any) -> None:
    from pytest_coreml.plugin.failure_lines import tests_told
    from pytest_coreml.report.formats.github import write_github
    from pytest_coreml.report.text.numbers import unrepresentative_text
    from pytest_coreml.report.text.summary import summary_lines

    reporter.section("Core ML")
    width, verbose = _width(reporter), run.config.getoption("verbose") > 0
    for line in summary_lines(results.records, width, verbose, told=tests_told(reporter, width)):
        _write_colored(reporter, line)
    for facts in results.machines.several.values() or (_machine(run, results),):
        if (text := unrepresentative_text(facts)) is not None:
            _write(reporter, f"Core ML: {text}", yellow=True)
    records = results.last_attempts
    write_github(records, _to_annotate(run, results), _machine(run, results), run.options.rootdir, reporter.write_line)
    if run.options.is_reported and _loaded_concurrently(run, results):
        reporter.write_line(_CONCURRENT_LOADS)


def _loaded_concurrently(run: PytestRun, results: Results) -> bool:
    """Return True if workers did not wait for each other to load; notes of tests name other causes."""
    from pytest_coreml.plugin.xdist import is_controller

    return is_controller(run.config) and any(record.load and not record.load.alone for record in results.records)


def _write(reporter: Any, text: str, **markup: bool) -> None:
    reporter.write_line(_shown(text, reporter), **markup)


def _shown(text: str, reporter: Any) -> str:
    file = getattr(getattr(reporter, "_tw", None), "_file", None)
    return shown_in(safe_lines(text), getattr(file, "encoding", None))


def _to_annotate(run: PytestRun, results: Results) -> list[Record]:
    """Return the last attempts, without the failed tests that another plugin has annotated when they failed."""
    records = results.last_attempts
    if not run.config.pluginmanager.hasplugin(_ANNOTATING_PLUGIN):
        return records
    late = {id(record) for record in results.failed_late}
    return [record for record in records if record.outcome != "failed" or id(record) in late]


def _write_colored(reporter: Any, line: str) -> None:
    """Write *line* with its color, if it has one and the terminal has colors."""
    if not isinstance(line, Line) or line.standing is None:
        _write(reporter, line)
        return
    text = _shown(line, reporter)
    reporter.write(text[: line.start])
    reporter.write_line(text[line.start :], **{STANDINGS[line.standing].color: True})


def _width(reporter: Any) -> int:
    with contextlib.suppress(AttributeError, TypeError):
        return int(reporter._tw.fullwidth)
    return 80
