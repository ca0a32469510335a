"""Turn the verdicts on a test into pytest's outcome, with the text of a failure or a skip."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pytest_coreml.errors import CoreMLTestError, UsageError
from pytest_coreml.escaping import safe_lines
from pytest_coreml.plugin.debugging_command import debugging_command
from pytest_coreml.plugin.failure_lines import fail
from pytest_coreml.plugin.limit_coverage import why_none
from pytest_coreml.plugin.suggested_commands import accept_command, figures_command
from pytest_coreml.report.text.failure_text import failure_line, failure_text, skip_reasons
from pytest_coreml.verdict.outcome import outcome_of

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from pytest_coreml.facts.compute_units import ComputeUnits
    from pytest_coreml.plugin.pytest_run import PytestRun
    from pytest_coreml.session.attempt import Attempt
    from pytest_coreml.verdict.check import Verdict
    from pytest_coreml.verdict.record import Record


def conclude(item: pytest.Item, run: PytestRun, attempt: Attempt) -> None:
    """Judge what the test declares, also by markers that were added to it; fail or skip it when it is not green."""
    _read_added_markers(item, run, attempt)
    if attempt.is_unjudgeable:
        pytest.skip("its markers ask for checks, and it loaded no model to check")
    records = _judged(item, run, attempt)
    if not any(record.verdicts for record in records):
        _skip_if_limited_elsewhere(run, attempt)
    _apply(run, records)


def _read_added_markers(item: pytest.Item, run: PytestRun, attempt: Attempt) -> None:
    problem: str | None = None
    try:
        attempt.declaration = run.declarations.read_again(item, attempt.declaration)
    except UsageError as error:
        problem = str(error)
    if problem is not None:
        fail(problem)


def _judged(item: pytest.Item, run: PytestRun, attempt: Attempt) -> list[Record]:
    """Return the judged records of *attempt*; fail the test when they cannot be judged."""
    problem: str | None = None
    records: list[Record] = []
    try:
        taken = run.benchmark.take_measurement(item, attempt.models)
        records = attempt.judge()
    except CoreMLTestError as error:
        problem = str(error)
    # Outside of the handler, or pytest would show the same text twice, as an exception and its cause.
    if problem is not None:
        fail(problem)
    run.benchmark.enter(item, records, taken)
    return records


def _skip_if_limited_elsewhere(run: PytestRun, attempt: Attempt) -> None:
    """Skip a test whose limits do not apply to its compute units, unless another test is judged by them."""
    declaration = attempt.declaration
    if declaration.limits and not run.declarations.coverage.judged_elsewhere(attempt.id, declaration):
        pytest.skip(why_none(declaration.limits, _units(attempt)))


def _units(attempt: Attempt) -> list[ComputeUnits]:
    return [record.compute_units for record in (*attempt.records, *attempt.device_records)]


def _apply(run: PytestRun, records: list[Record]) -> None:
    """Fail or skip a test with these records, if they are not green."""
    verdicts = [verdict for record in records for verdict in record.verdicts]
    outcome, verdict = outcome_of(verdicts, run.options.inconclusive)
    if verdict is None:
        return
    concerned = [record for record in records if verdict in record.verdicts]
    if outcome == "failed":
        fail(_failure_text(run, concerned, verdict), failure_line(concerned, verdict))
    reasons = dict.fromkeys(reason for record in concerned for reason in skip_reasons(record, verdict))
    pytest.skip(safe_lines("; ".join(reasons)))


def _machine_of(run: PytestRun, record: Record) -> Mapping[str, Any]:
    """Return the machine that measured *record*: this one, or that of the test's device report."""
    device = run.attempt.device.report if run.attempt is not None and run.attempt.device is not None else None
    return device.machine if device is not None and record.machine == device.machine_name else run.machine()


def _failure_text(run: PytestRun, records: list[Record], verdict: Verdict) -> str:
    options, asked = run.options, run.config.args
    texts: list[str] = []
    for record in records:
        figures, accept = figures_command(record, options), accept_command(record, options, asked)
        texts.append(failure_text(record, verdict, _machine_of(run, record), figures=figures, accept=accept))
        if find := debugging_command(record, run.attempt.models if run.attempt else (), options):
            texts.append(f"  to find the first wrong operation: {find}")
    return "\n".join(texts)
