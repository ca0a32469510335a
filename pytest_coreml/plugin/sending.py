"""Attach the records of a test to pytest's report of it."""

from __future__ import annotations

import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, cast

import pytest

from pytest_coreml.plugin.failure_lines import shorten_failure
from pytest_coreml.plugin.sent_records import SentRecords
from pytest_coreml.plugin.xdist import worker_name
from pytest_coreml.report.formats.junit import properties
from pytest_coreml.session.model import CoreMLModel
from pytest_coreml.verdict.record import note_sizes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_coreml.plugin.pytest_run import PytestRun
    from pytest_coreml.session.attempt import Attempt
    from pytest_coreml.verdict.record import Outcome, Record

_PACKAGE: Final = Path(__file__).parents[1]
# The values of the last attempt at a test, among its user properties.
_PROPERTIES: Final[pytest.StashKey[list[tuple[str, object]]]] = pytest.StashKey()


def forget_properties(item: pytest.Item) -> None:
    """Remove the user properties of an earlier attempt at *item*."""
    former = item.stash.get(_PROPERTIES, [])
    item.user_properties[:] = [entry for entry in item.user_properties if entry not in former]


def use_fixture_models(item: pytest.Item, attempt: Attempt | None) -> None:
    """Note the models that a test got from fixtures, also from one that an earlier test of its module has set up."""
    if attempt is None:
        return
    values: dict[str, object] = getattr(item, "funcargs", {})
    original = values.get("coreml_original")
    if isinstance(original, CoreMLModel) and original is not values.get("coreml_model"):
        attempt.refer_to(original)
    for value in values.values():
        if isinstance(value, CoreMLModel):
            attempt.use(value)


def attach_records(item: pytest.Item, call: pytest.CallInfo[None], report: pytest.TestReport, run: PytestRun) -> None:
    """Attach the records of a test to its final report.

    What goes wrong with it is a failure of this test, which the report of the run lacks then, and the run goes on.
    """
    run.progress.erase()
    shorten_failure(call, report)
    _name_test_that_skips(item, report)
    attempt = run.attempt
    if run.in_body:
        # pytest reports a subtest as if it were the whole test, whose own report is yet to come.
        run.subtest_failed |= report.failed
        return
    is_final = report.when == "call" or (report.when == "setup" and report.outcome != "passed")
    if not is_final or attempt is None or attempt.is_over:
        return
    _record(item, report, run, attempt)


def keep_unreported_records(item: pytest.Item, run: PytestRun) -> None:
    """Keep the records of an attempt at *item* that has ended without a report, since the test is repeated."""
    attempt = run.attempt
    if attempt is not None and not attempt.is_over and attempt.id == item.nodeid:
        run.unreported += attempt.finish("failed", line_in_file(item))


def attach_repeated_records(item: pytest.Item, report: pytest.TestReport, run: PytestRun, attempt: Attempt) -> None:
    """Attach to *report* the records of an *attempt* that followed the one that the report was made of.

    pytest-retry repeats a test within the hook that makes its report, and changes that report.
    """
    former = item.stash.get(_PROPERTIES, [])
    report.user_properties[:] = [entry for entry in report.user_properties if entry not in former]
    _record(item, report, run, attempt)


def _record(item: pytest.Item, report: pytest.TestReport, run: PytestRun, attempt: Attempt) -> None:
    try:
        use_fixture_models(item, attempt)
        if run.unlogged is not None and run.unlogged.nodeid == report.nodeid:
            # flaky makes a report of each attempt, and lets pytest see that of the last one only.
            run.unreported += run.unlogged.coreml.records
        records = [*run.unreported, *_finish(item, report, run, attempt)]
        run.complete_timeline(attempt)
        run.unreported.clear()
        _attach(item, report, records, run)
        run.unlogged = report if hasattr(report, "coreml") else None
    except Exception:  # noqa: BLE001  (out of a hook it would end the session)
        _fail(report, f"pytest-coreml could not record this test:\n{traceback.format_exc()}")


def _name_test_that_skips(item: pytest.Item, report: pytest.TestReport) -> None:
    """Let a skip of ours name the test: pytest names the line that skips, which is in this package."""
    if not report.skipped or not isinstance(report.longrepr, tuple):
        return
    if Path(report.longrepr[0]).is_relative_to(_PACKAGE):
        report.longrepr = (str(item.path), (item.location[1] or 0) + 1, report.longrepr[2])


def _finish(item: pytest.Item, report: pytest.TestReport, run: PytestRun, attempt: Attempt) -> list[Record]:
    outcome: str = report.outcome
    if report.when == "setup" and report.failed:
        outcome = "error"
    elif report.when != "setup" and run.subtest_failed:
        # pytest fails a test for its subtests later, when it counts.
        outcome = "failed"
    # pytest says so of a test that is marked with xfail, and failed, or passed anyway.
    is_expected = hasattr(report, "wasxfail")
    return attempt.finish(cast("Outcome", outcome), line_in_file(item), is_expected)


def line_in_file(item: pytest.Item) -> int | None:
    """Return the line of *item* in its file, from 1; a model file has no lines."""
    line = None if hasattr(item, "title") else item.location[1]
    return line + 1 if line is not None else None


def _attach(item: pytest.Item, report: pytest.TestReport, records: list[Record], run: PytestRun) -> None:
    if not records or run.session is None:
        return
    specs = run.session.models.specs
    models = {record.model: specs[record.model] for record in records if record.model in specs}
    if run.options.is_reported:
        from pytest_coreml.report.document.fitting import fit

        records, models, problems = fit(records, models)
        if problems:
            _fail(report, "\n".join(f"the report cannot contain this result: {problem}" for problem in problems))
            for record in records:
                record.outcome = "failed"
    note_sizes(records, models)
    last = [record for record in records if record.attempt == records[-1].attempt]
    entries = [entry for record in last for entry in _properties(record)]
    report.coreml = SentRecords(  # type: ignore[attr-defined]  # reports take further attributes
        records=records,
        models=models,
        machine=run.machine(),
        worker=worker_name(item.config),
        position=run.declarations.position(item),
        devices=_devices(run),
        tracks=run.timeline.take() if run.timeline is not None else [],
    )
    # Of the report, for its readers; of the test, for junitxml, which reads the report of its teardown.
    report.user_properties += entries
    item.user_properties += entries
    item.stash[_PROPERTIES] = entries


def _devices(run: PytestRun) -> dict[str, Any]:
    """Return the device of the report that a test was judged by, under the name that its record has for it."""
    attempt = run.attempt
    if attempt is None or attempt.device is None or attempt.device.report is None or not attempt.device_records:
        return {}
    return {attempt.device.report.machine_name: attempt.device.report.machine}


def _properties(record: Record) -> Iterator[tuple[str, Any]]:
    yield from ((f"coreml_{name}[{record.compute_units}]", value) for name, value in properties(record))


def _fail(report: pytest.TestReport, text: str) -> None:
    """Let a test fail after its end; one that has failed already keeps its own reason."""
    if report.failed:
        report.sections.append(("Core ML", text))
        return
    report.outcome, report.longrepr = "failed", text
    if hasattr(report, "wasxfail"):
        # This failure is not the expected one.
        del report.wasxfail
