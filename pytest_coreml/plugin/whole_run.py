"""What the hooks forward to: what a whole run does before its first test and after its last."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest

from pytest_coreml.errors import CoreMLTestError, UsageError
from pytest_coreml.plugin import dropin
from pytest_coreml.plugin.names import state_of, worker_of
from pytest_coreml.plugin.options import DEFAULT_REPORT
from pytest_coreml.plugin.results import gathered_of

if TYPE_CHECKING:
    from pytest_coreml.plugin.pytest_run import State
    from pytest_coreml.plugin.results import Gathered


_CROWDED: Final = "load times: workers loaded beside each other; a load budget makes them take turns"


def prepare(config: pytest.Config) -> None:
    """Read the options and do what they ask for before any test: the drop-in, the baseline, and a look whether the
    report can be written, which a worker of pytest-xdist never does."""
    state = state_of(config)
    dropin.begin(state.options)
    _give_back_test_path(config)
    if worker_of(config) is not None:
        return
    # A baseline that cannot be used is to be known before tests run for minutes.
    state.read_baseline()
    if state.options.report is not None:
        from pytest_coreml.report.document.write import check_writable

        check_writable(state.options.report)


def _give_back_test_path(config: pytest.Config) -> None:
    word = getattr(config.option, "coreml_test_path", None)
    if word is None:
        return
    if f"--coreml-report={word}" in config.invocation_params.args:
        # argparse does not tell whether it stood behind an equals sign, which leaves no doubt.
        raise UsageError(f"--coreml-report={word}: expected the name of a file, as {Path(word, DEFAULT_REPORT)}")
    if config.args_source is pytest.Config.ArgsSource.ARGS:
        config.args.insert(0, word)
    else:
        config.args[:] = [word]


def finish(session: pytest.Session) -> None:
    """Close the engines; write the report, and fail the run with a clear message if that cannot be done."""
    state = state_of(session.config)
    state.close()
    gathered = gathered_of(session.config)
    if gathered is None:
        return
    if gathered.records and gathered.failed_late:
        _fail(session)
    if state.options.report is None or not gathered.ran:
        # Who only collects, or is told of a mistake, keeps the report of an earlier run.
        return
    from pytest_coreml.report.document.write import write_report

    try:
        write_report(_document(gathered, state), state.options.report)
    except CoreMLTestError as error:
        gathered.problem = str(error)
        _fail(session)


def _fail(session: pytest.Session) -> None:
    if session.exitstatus in (pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def _document(gathered: Gathered, state: State) -> Any:
    from pytest_coreml.report.document.build import build_report
    from pytest_coreml.report.document.decode import decode_model

    models = [decode_model(digest, entry) for digest, entry in gathered.models.items()]
    machines = gathered.machines
    return build_report(gathered.records, models, machines.first or state.machine(), machines.several)


def summarize(reporter: Any, config: pytest.Config) -> None:
    """Print the table of what was measured, the checks that are not green, and where the report is."""
    gathered = gathered_of(config)
    if gathered is None:
        return
    report = state_of(config).options.report
    if gathered.records:
        from pytest_coreml.report.text.summary import summary_lines

        verbose = config.getoption("verbose") > 0
        reporter.section("Core ML")
        for line in summary_lines(gathered.records, _width(reporter), verbose):
            reporter.write_line(line)
        _tell_actions(gathered, state_of(config), reporter)
        if report is not None and any(record.load and not record.load.alone for record in gathered.records):
            reporter.write_line(_CROWDED)
    for record in gathered.failed_late:
        reporter.write_line(f"ERROR: {record.id} failed after its end, by what a later test measured", red=True)
    if gathered.problem:
        reporter.write_line(f"ERROR: {gathered.problem}", red=True)
    elif report is not None and gathered.ran:
        reporter.write_line(f"Core ML report: {report}")


def _tell_actions(gathered: Gathered, state: State, reporter: Any) -> None:
    """Tell GitHub Actions, where it runs us."""
    from pytest_coreml.plugin import in_actions
    from pytest_coreml.verdict.repeated_records import last_attempts

    machine = gathered.machines.first or state.machine()
    in_actions.tell(last_attempts(gathered.records), machine, state.options.rootdir, reporter.write_line)


def _width(reporter: Any) -> int:
    with contextlib.suppress(AttributeError, TypeError):
        return int(reporter._tw.fullwidth)
    return 80
