"""The text of a failed test: expected, got, how measured, where, what to type next."""

from __future__ import annotations

import math
from collections import Counter
from typing import TYPE_CHECKING, Any, Final

from pytest_coreml.facts.metrics import parse_check
from pytest_coreml.facts.reason import Reason, WorstInput
from pytest_coreml.report.text.agreement_text import measures
from pytest_coreml.report.text.causes import reason_text, tally
from pytest_coreml.report.text.changes_text import move_lines
from pytest_coreml.report.text.numbers import check_figure, check_words, machine_words, number, percent
from pytest_coreml.report.text.observed_text import observed_text
from pytest_coreml.report.text.regression_text import comparison_text, regression_text
from pytest_coreml.report.text.sustained_text import sustained_words
from pytest_coreml.verdict.regression.moved import open_moves

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from pytest_coreml.facts.agreement import Agreement
    from pytest_coreml.facts.measurement import Measurement
    from pytest_coreml.facts.placement import Placement, ShareBy
    from pytest_coreml.verdict.check import Check, Verdict
    from pytest_coreml.verdict.record import Record

_MAX_REASONS: Final = 5
# A tenth of a percent is shown.
_MIN_SHARE: Final = 0.0005


def failure_text(
    record: Record,
    verdict: Verdict,
    machine: Mapping[str, Any],
    figures: str | None = None,
    accept: str | None = None,
) -> str:
    """Return the text on why *record* did not pass on *machine*, a JSON value as in a report.

    *verdict*: the one to explain, of its checks and comparisons. *figures*: the command that shows all that was
    measured. *accept*: the one that makes the current state the baseline, given where it would help.
    """
    return "\n".join(_lines(record, verdict, machine, figures, accept))


def failure_line(records: Sequence[Record], verdict: Verdict = "failed") -> str:
    """Return why *records* failed in a few words: the first check with *verdict*, and the number of the others."""
    lines = [line for record in records for line in _short(record, verdict)]
    return f"{lines[0]}, and {len(lines) - 1} more" if len(lines) > 1 else "".join(lines)


def _short(record: Record, verdict: Verdict) -> Iterator[str]:
    if verdict != "failed":
        yield from skip_reasons(record, verdict)
        return
    yield from (_exceeded(check) for check in record.checks if check.verdict == "failed")
    for found in record.regressions:
        if found.verdict == "failed":
            effect = f"{percent(found.effect, signed=True)} " if found.effect is not None else ""
            yield f"{effect}against {found.against or 'the baseline'}"


def _exceeded(check: Check) -> str:
    if check.value is None or check.limit is None:
        return check_line(check)
    metric = parse_check(check.check).metric
    if metric.direction == "expected":
        return finding(check)
    value = check_figure(check.check, check.value) if metric.unit == "%" else number(check.value)
    sign = "<" if metric.direction == "at least" else ">"
    return f"{check_words(check.check)} {value} {sign} {check_figure(check.check, check.limit)}"


def skip_reasons(record: Record, verdict: Verdict) -> Iterator[str]:
    """Return a sentence for each check of *record* with this verdict."""
    for check in record.checks:
        if check.verdict == verdict:
            yield f"{check.check}: {check.verdict}: {reason_text(check.reason)}"
    yield from (comparison_text(found, record.runtime) for found in record.regressions if found.verdict == verdict)


def check_line(check: Check) -> str:
    """Return the value and the limit of one check, with the reason if there is one."""
    return f"{finding(check)}: {reason_text(check.reason)}" if check.reason else finding(check)


def finding(check: Check) -> str:
    """Return the value and the limit of one check."""
    value = f" {check_figure(check.check, check.value)}" if check.value is not None else ""
    # Without a usable baseline there is no limit.
    return f"{check_words(check.check)}{value}" + (f", {_asked(check)}" if check.limit is not None else "")


def _lines(
    record: Record, verdict: Verdict, machine: Mapping[str, Any], figures: str | None, accept: str | None
) -> Iterator[str]:
    subject = f"{record.model_name} on {record.subject}"
    checks = [check for check in record.checks if check.verdict == verdict]
    for check in checks:
        yield f"{subject}: {check_line(check)}"
    regressed = [found for found in record.regressions if found.verdict == verdict]
    yield from (f"{subject}: {regression_text(found)}" for found in regressed)
    changed = (
        (*move_lines(open_moves(record.moved, record.checks)), *record.notes) if record.regression is not None else ()
    )
    yield from (f"  changed: {line}" for line in changed)
    names = [parse_check(check.check) for check in checks]
    # A comparison with another version measured pairs, and no baseline would accept it.
    since = [found for found in regressed if found.against is None]
    if record.predict is not None and (since or any("prediction" in name.metric.needs for name in names)):
        yield f"  {_how_measured(record.predict)}"
    if record.sustained is not None and any("sustained" in name.metric.needs for name in names):
        yield f"  {sustained_words(record.sustained)}"
    if record.placement is not None and (regressed or not all(name.metric.unit == "MB" for name in names)):
        yield f"  {_placement(record.placement)}"
        yield from _why(record.placement)
    if record.observed is not None and not all(name.metric.unit == "MB" for name in names):
        yield f"  observed: {observed_text(record.observed)}"
    if any("outputs" in name.metric.needs for name in names):
        yield from _outputs(record)
    yield f"  {machine_words(machine)}"
    if accept is not None and verdict == "failed" and (since or any(name.needs_baseline for name in names)):
        yield f"  to accept the new state: {accept}"
    if figures is not None:
        yield f"  to see every value: {figures}"


def _outputs(record: Record) -> Iterator[str]:
    for agreement in record.agreement:
        for output in agreement.outputs:
            yield f"  against {agreement.reference}, {', '.join(measures(output))}"
        if agreement.saved_input is not None:
            yield f"  {_saved_input(record, agreement)} is in {agreement.saved_input}, beside the report"
    for health in record.health:
        if health.saved_input is not None:
            yield f"  the input is in {health.saved_input}, beside the report"


def _saved_input(record: Record, agreement: Agreement) -> str:
    """Return the number of the saved input and what it is the worst for: the first failed check has its input saved."""
    for check in record.checks:
        reasons = (check.reason, *check.reason.more) if isinstance(check.reason, Reason) else ()
        for reason in reasons:
            if isinstance(reason.details, WorstInput) and reason.details.reference == agreement.reference:
                return f"input {reason.details.input}, the worst for {check_words(check.check)},"
    return "the worst input"


def _asked(check: Check) -> str:
    name = parse_check(check.check)
    word = "budget" if name.is_budget and name.metric.direction == "at most" else name.metric.direction
    return f"{word} {check_figure(check.check, check.limit)}{_difference(check)}"


def _difference(check: Check) -> str:
    # Without a verdict a difference would read as one.
    if check.value is None or not check.limit or check.verdict == "not_judged":
        return ""
    # Decibels are a ratio already, and nothing is a share of infinity.
    if parse_check(check.check).metric.unit in ("dB", "yes or no") or not math.isfinite(check.value):
        return ""
    if parse_check(check.check).metric.unit == "%":
        return f" ({(check.value - check.limit) * 100:+.1f} points)"
    share = check.value / check.limit - 1
    # What would read as no difference says nothing beside a failed check.
    return f" ({percent(share, signed=True)})" if abs(share) >= _MIN_SHARE else ""


def _how_measured(measurement: Measurement) -> str:
    count, after = f"{len(measurement.native_ms)} calls", f" after {measurement.warmup} warm-ups"
    means = f", each the mean of {measurement.batch}" if measurement.batch > 1 else ""
    items = (
        f" of {measurement.items} predictions each ({number(measurement.item_ms)} ms)" if measurement.items > 1 else ""
    )
    undisturbed = f"{measurement.undisturbed} undisturbed" if measurement.wait_ms is not None else "disturbance unknown"
    if measurement.in_flight > 1:
        items += f", {measurement.in_flight} in flight"
    span = f"p10-p90 {number(measurement.p10_ms)}-{number(measurement.p90_ms)} ms"
    return f"{count}{items}{after}{means}, {undisturbed}, {span}"


def _why(placement: Placement) -> Iterator[str]:
    """Return a line for each reason why operations are not on the Neural Engine, the most frequent first."""
    counts = Counter((op.operator, op.reason) for op in placement.placed if op.reason is not None)
    for (operator, reason), count in counts.most_common(_MAX_REASONS):
        yield f"    {count} x {operator}: {reason}"
    if len(counts) > _MAX_REASONS:
        yield f"    and {len(counts) - _MAX_REASONS} more reasons, in the report"


def _placement(placement: Placement) -> str:
    if placement.unknown:
        return f"planned placement: unknown, {placement.why_unknown}"
    by: ShareBy = "cost" if placement.has_cost else "ops"
    shares = placement.shares(by)
    main = max(shares, key=lambda device: shares[device])
    noun = "cost" if by == "cost" else "operations"
    rest = "".join(f"; on {device}: {tally(placement.on(device))}" for device in shares if device != main)
    open_ = f"; not known where: {tally(placement.undetermined)}" if placement.undetermined else ""
    return f"planned placement: {main} {percent(shares[main])} of {noun}{rest}{open_}"
