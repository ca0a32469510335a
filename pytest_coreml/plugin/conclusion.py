"""What the hooks forward to: the course of one test."""

from __future__ import annotations

import contextlib
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest

from pytest_coreml.errors import CoreMLTestError
from pytest_coreml.plugin import benchmark_fixture
from pytest_coreml.plugin.limit_coverage import why_none
from pytest_coreml.plugin.names import SOURCE_FIXTURE, state_of, uses_fixture, worker_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_coreml.engine.lease import EngineKey
    from pytest_coreml.plugin.pytest_run import State
    from pytest_coreml.session.attempt import Trial
    from pytest_coreml.session.models import Session
    from pytest_coreml.verdict.check import Verdict
    from pytest_coreml.verdict.record import Record

_OURS: Final = Path(__file__).parents[1]
_NOT_LOADED: Final[pytest.StashKey[BaseException | None]] = pytest.StashKey()
# The figures of a test's last attempt, among its user properties.
_PROPERTIES: Final[pytest.StashKey[list[tuple[str, object]]]] = pytest.StashKey()
# Whether the body of a test is running, and whether one of its subtests has failed.
_RUNS: Final[pytest.StashKey[bool]] = pytest.StashKey()
_BROKEN: Final[pytest.StashKey[bool]] = pytest.StashKey()


def begin(item: pytest.Item) -> None:
    """Begin an attempt at a test."""
    former = item.stash.get(_PROPERTIES, [])
    item.user_properties[:] = [found for found in item.user_properties if found not in former]
    benchmark_fixture.prepare(item)
    state_of(item.config).begin(item)


@contextlib.contextmanager
def load_failure_postponed(item: pytest.Item) -> Iterator[None]:
    """Let a setup pass in which a model could not be loaded: that is the failure of the test, and not, as what goes
    wrong in fixtures is elsewhere, an error around it."""
    item.stash[_NOT_LOADED] = None
    try:
        yield
    except pytest.fail.Exception as failure:
        # Nothing follows a setup that was asked for alone.
        if failure not in state_of(item.config).load_failures or item.config.getoption("setuponly", default=False):
            raise
        item.stash[_NOT_LOADED] = failure


def fail_if_not_loaded(item: pytest.Item) -> None:
    """Fail a test whose setup could not load a model."""
    if (failure := item.stash.get(_NOT_LOADED, None)) is not None:
        state_of(item.config).share(failure)
        raise failure


def note_fixture(definition: pytest.FixtureDef[Any], request: pytest.FixtureRequest) -> None:
    """Note what a fixture is set up for."""
    benchmark_fixture.note_fixture(definition, request)
    if definition.argname == SOURCE_FIXTURE:
        state = state_of(request.config)
        state.shared_fixture.note(definition, request, state.declared_now())


def attend(item: pytest.Item) -> None:
    """Note the models that a test got from fixtures, also from one that an earlier test of its module has set up."""
    state = state_of(item.config)
    if not state.used or state.session.trial is None:
        return
    from pytest_coreml.session.model import CoreMLModel

    for value in getattr(item, "funcargs", {}).values():
        if isinstance(value, CoreMLModel):
            state.session.trial.use(value)


@contextlib.contextmanager
def body_of(item: pytest.Item) -> Iterator[None]:
    """Note while the body of a test runs that what is reported now is about its subtests."""
    item.stash[_RUNS], item.stash[_BROKEN] = True, False
    try:
        yield
    finally:
        item.stash[_RUNS] = False


def judge(item: pytest.Item) -> None:
    """Judge what the test declares, and fail or skip it when it is not green."""
    state = state_of(item.config)
    if not state.used or state.session.trial is None:
        return
    if state.session.trial.is_unjudgeable:
        pytest.skip("its markers ask for checks, and it loaded no model to check")
    records = _judged(item, state.session)
    if not any(record.verdicts for record in records):
        _skip_if_limited_elsewhere(state, state.session.trial)
    _conclude(state, records)


def _judged(item: pytest.Item, session: Session) -> list[Record]:
    """Judge the present test; fail it when that cannot be done."""
    problem: str | None = None
    records: list[Record] = []
    try:
        taken = benchmark_fixture.take(item, session.trial.models if session.trial else ())
        records = session.judge()
    except CoreMLTestError as error:
        problem = str(error)
    if problem is not None:
        pytest.fail(problem, pytrace=False)
    benchmark_fixture.show(item, records, taken)
    return records


def _skip_if_limited_elsewhere(state: State, trial: Trial) -> None:
    """Skip a test whose limits are for settings on which it did not run, unless another test is judged by them."""
    declared = trial.declared
    if declared.limits and not state.reach.judged_elsewhere(trial.id, declared):
        pytest.skip(why_none(declared.limits, (model.compute_units for model in trial.models)))


def _conclude(state: State, records: list[Record]) -> None:
    """Fail or skip a test with these records, if they are not green."""
    from pytest_coreml.verdict.outcome import outcome_of

    verdicts = [verdict for record in records for verdict in record.verdicts]
    outcome, verdict = outcome_of(verdicts, state.options.inconclusive)
    if verdict is None:
        return
    concerned = [record for record in records if verdict in record.verdicts]
    if outcome == "failed":
        pytest.fail(_failure_text(state, concerned, verdict), pytrace=False)
    pytest.skip(_skip_text(concerned, verdict))


def _failure_text(state: State, records: list[Record], verdict: Verdict) -> str:
    from pytest_coreml.plugin.suggested_commands import accept_command, figures_command
    from pytest_coreml.report.text.failure_text import failure_text

    options, asked = state.options, state.config.args
    texts = [
        failure_text(
            record,
            verdict,
            state.machine(),
            figures=figures_command(record, options),
            accept=accept_command(record, options, asked),
        )
        for record in records
    ]
    return "\n".join(texts)


def _skip_text(records: list[Record], verdict: Verdict) -> str:
    from pytest_coreml.report.text.failure_text import skip_reasons

    return "; ".join(dict.fromkeys(reason for record in records for reason in skip_reasons(record, verdict)))


def attach(item: pytest.Item, call: pytest.CallInfo[None], report: pytest.TestReport) -> None:
    """Put the records of a test on its report, as plain data that pytest-xdist can send.

    What goes wrong with it is a failure of this test, which the report of the run lacks then, and the run goes on.
    """
    state = state_of(item.config)
    state.progress.erase()
    if report.skipped and isinstance(report.longrepr, tuple) and Path(report.longrepr[0]).is_relative_to(_OURS):
        # pytest names the line that skips, which is one of ours; a reader wants the test.
        report.longrepr = (str(item.path), (item.location[1] or 0) + 1, report.longrepr[2])
    if item.stash.get(_RUNS, False):
        # pytest tells of a subtest by a report as that of the whole test, which is yet to come.
        item.stash[_BROKEN] |= report.failed
        return
    final = call.when == "call" or (call.when == "setup" and report.outcome != "passed")
    if not final or not state.used or state.session.trial is None:
        return
    try:
        _attach_records(item, report, _outcome(item, call, report))
    except Exception:  # noqa: BLE001  (out of a hook it would end the session)
        _fail(report, f"pytest-coreml could not record this test:\n{traceback.format_exc()}")


def _fail(report: pytest.TestReport, text: str) -> None:
    """Let a test fail after its end; one that has failed already keeps its own reason."""
    if report.failed:
        report.sections.append(("Core ML", text))
        return
    report.outcome, report.longrepr = "failed", text
    if hasattr(report, "wasxfail"):
        # Nobody expected this.
        del report.wasxfail


def _attach_records(item: pytest.Item, report: pytest.TestReport, outcome: str) -> None:
    from pytest_coreml.report.document.codec import encode_model, encode_record

    state = state_of(item.config)
    attend(item)
    records = _located(state.session.end(outcome), item)
    for record in records:
        # pytest says so of a test that is marked with xfail, and failed, or passed all the same.
        record.expected_failure = hasattr(report, "wasxfail")
    if not records:
        return
    specs = state.session.specs
    properties = [figure for record in records for figure in _properties(record)]
    report.coreml = {  # type: ignore[attr-defined]  # reports take further attributes
        "records": [encode_record(record) for record in records],
        "models": {record.model: encode_model(specs[record.model]) for record in records},
        "machine": state.machine(),
        "worker": worker_of(item.config),
        "position": state.positions.get(item.nodeid, 0),
    }
    # Of the report, for whoever reads that; of the test, for junitxml, which reads the report of its end.
    report.user_properties += properties
    item.user_properties += properties
    item.stash[_PROPERTIES] = properties


def _outcome(item: pytest.Item, call: pytest.CallInfo[None], report: pytest.TestReport) -> str:
    if call.when == "setup":
        return "error" if report.failed else report.outcome
    # pytest fails a test for its subtests later, when it counts.
    return "failed" if item.stash.get(_BROKEN, False) else report.outcome


def _located(records: list[Record], item: pytest.Item) -> list[Record]:
    line = item.location[1]
    for record in records:
        record.line = line + 1 if line is not None else None
    return records


def _properties(record: Record) -> Iterator[tuple[str, object]]:
    from pytest_coreml.report.formats.junit import properties

    yield from ((f"coreml_{name}[{record.compute_units}]", value) for name, value in properties(record))


def end(item: pytest.Item, nextitem: pytest.Item | None) -> None:
    """Close the engines that no test of this module needs any more; all of them after its last test."""
    state = state_of(item.config)
    state.end()
    if not state.used:
        return
    same_module = nextitem is not None and nextitem.path == item.path and (uses_fixture(nextitem) or uses_fixture(item))

    def keep(_: EngineKey) -> bool:
        return same_module

    state.session.release(keep)
