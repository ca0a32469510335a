"""The text of a failed test: expected, got, how measured, where, what to type next."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Any

from pytest_coreml.report.figures import check_figure, check_words, machine_words, number, percent
from pytest_coreml.verdict.placement_rules import tally

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from pytest_coreml.measurement import Measurement
    from pytest_coreml.placement import Placement, ShareBy
    from pytest_coreml.record import Record
    from pytest_coreml.verdict.check import Check


def failure_text(record: Record, checks: Iterable[Check], machine: Mapping[str, Any]) -> str:
    """Say why the *checks* of *record* did not pass on *machine*, which is a JSON value as the report has it."""
    return "\n".join(_lines(record, list(checks), machine))


def check_line(check: Check) -> str:
    """Say what one check found and what was asked, with the reason where there is one."""
    return f"{finding(check)}: {check.reason}" if check.reason else finding(check)


def finding(check: Check) -> str:
    """Say what one check found and what was asked."""
    value = f" {check_figure(check.check, check.value)}" if check.value is not None else ""
    return f"{check_words(check.check)}{value}, {_asked(check)}"


def _lines(record: Record, checks: list[Check], machine: Mapping[str, Any]) -> Iterator[str]:
    for check in checks:
        yield f"{record.model_name} on {record.compute_units}: {check_line(check)}"
    if record.predict is not None:
        yield f"  {_how_measured(record.predict)}"
    if record.placement is not None:
        yield f"  {_placement(record.placement)}"
    yield f"  {machine_words(machine)}"
    yield f"  each figure: pytest {shlex.quote(record.id)} --coreml-report && pytest-coreml show coreml-report.json"


def _asked(check: Check) -> str:
    limit = check_figure(check.check, check.limit)
    word = "at least" if check.check.startswith("min_") else "budget" if _is_budget(check) else "at most"
    return f"{word} {limit}{_difference(check)}"


def _is_budget(check: Check) -> bool:
    return check.check.endswith(("_ms", "_mb"))


def _difference(check: Check) -> str:
    # Without a verdict a difference would read as one.
    if check.value is None or not check.limit or check.verdict == "not_judged":
        return ""
    return f" ({percent(check.value / check.limit - 1, signed=True)})"


def _how_measured(run: Measurement) -> str:
    calls = f"{len(run.native_ms)} calls after {run.warmup} warm-ups"
    means = f", each the mean of {run.batch}" if run.batch > 1 else ""
    undisturbed = f"{run.undisturbed} undisturbed" if run.wait_ms is not None else "disturbance unknown"
    return f"{calls}{means}, {undisturbed}, p10-p90 {number(run.p10_ms)}-{number(run.p90_ms)} ms"


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
