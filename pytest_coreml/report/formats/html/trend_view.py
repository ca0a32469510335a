"""The measurements of several reports over time: a line for each measurement on each kind of machine."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Final

from pytest_coreml.report.document.runs import make_run
from pytest_coreml.report.formats.html.test_view import worst_standing
from pytest_coreml.report.text.changes_text import changes_lines
from pytest_coreml.report.text.numbers import machine_words, number, percent
from pytest_coreml.report.text.standings import STANDINGS
from pytest_coreml.verdict.regression.changes import find_changes
from pytest_coreml.verdict.regression.machine_kind import hardware_kind
from pytest_coreml.verdict.repeated_records import last_attempts

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pytest_coreml.report.document.read import Report
    from pytest_coreml.verdict.record import Record, Standing
    from pytest_coreml.verdict.regression.changes import Changes
    from pytest_coreml.verdict.regression.run import Run

MAX_TRENDS: Final = 200


@dataclass(frozen=True)
class TrendPoint:
    """One measurement in one report."""

    created: str
    median: str
    change: str
    """The change of the median since the point before; empty at the first one and after a mark."""
    spread: str
    """The times from the 10 % to the 90 % quantile."""
    standing: Standing
    words: str
    """The standing in words."""
    marks: tuple[str, ...]
    """The changes since the point before: `model`, `system`, `placement`."""
    details: tuple[str, ...]
    """The changes in words."""
    drawn: tuple[float, float, float]
    """Median, 10 % and 90 % quantile, in ms."""


@dataclass(frozen=True)
class Trend:
    """One measurement on one kind of machine, over several reports."""

    test: str
    subject: str
    machine: str
    points: tuple[TrendPoint, ...]

    def packed(self) -> Any:
        """Return what the script draws, as JSON."""
        return [[point.created, *point.drawn, list(point.marks)] for point in self.points]


@dataclass(frozen=True)
class _Measured:
    report: Report
    record: Record


def trends(reports: Sequence[Report]) -> list[Trend]:
    """Return the trends of *reports*, which are in the order of time: of measurements that two or more contain."""
    series: dict[tuple[Any, ...], list[_Measured]] = defaultdict(list)
    for report in reports:
        for record in last_attempts(report.records):
            if record.predict is not None:
                measured = _Measured(report, record)
                # Times of different clocks are of different kinds of machines.
                series[_series_key(record, hardware_kind(_run(measured).machine))].append(measured)
    return [_trend(measured) for measured in series.values() if len(measured) > 1][:MAX_TRENDS]


def _series_key(record: Record, kind: tuple[Any, ...]) -> tuple[Any, ...]:
    return (*record.key, record.predict.workload if record.predict is not None else "", kind)


def _trend(measured: Sequence[_Measured]) -> Trend:
    last = measured[-1]
    return Trend(
        test=last.record.test,
        subject=f"{last.record.model_name} on {last.record.subject}",
        machine=machine_words(last.report.get_machine(last.record)),
        points=(_point(measured[0], None), *(_point(now, before) for before, now in pairwise(measured))),
    )


def _point(now: _Measured, before: _Measured | None) -> TrendPoint:
    predict = now.record.predict
    if predict is None:
        raise ValueError(f"{now.record.id} has no predictions")
    changes = find_changes(_run(before), _run(now)) if before is not None else None
    marks = tuple(_marks(changes)) if changes is not None else ()
    standing = worst_standing(now.record)
    times = (predict.median_ms, predict.p10_ms, predict.p90_ms)
    return TrendPoint(
        created=now.report.created.replace("T", " ").removesuffix(":00Z").removesuffix("Z"),
        median=f"{number(predict.median_ms)} ms",
        change=_change(before, predict.median_ms),
        spread=f"{number(predict.p10_ms)} to {number(predict.p90_ms)} ms",
        standing=standing,
        words=STANDINGS[standing].words,
        marks=marks,
        details=tuple(changes_lines(changes)) if changes is not None else (),
        drawn=tuple(float(f"{time:.6g}") for time in times),  # type: ignore[arg-type]
    )


def _change(before: _Measured | None, median: float) -> str:
    former = before.record.predict.median_ms if before is not None and before.record.predict is not None else 0.0
    return percent(median / former - 1, signed=True) if former > 0 else ""


def _marks(changes: Changes) -> Iterator[str]:
    words = {difference.what for difference in changes.differences}
    of_system = words & {"OS build", "coremltools"}
    if words - of_system or changes.operators:
        yield "model"
    if of_system:
        yield "system"
    if changes.moved or changes.appeared or changes.vanished:
        yield "placement"


def _run(measured: _Measured) -> Run:
    report, record = measured.report, measured.record
    return make_run(record, report.get_machine(record), report.models.get(record.model or ""))
