"""The view of the page: the newest report of each kind of machine, and the trends of all reports."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from pytest_coreml.report.document.report_timeline import timeline_of_report
from pytest_coreml.report.formats.html.lane_view import MAX_TRACKS, LaneView, lane_views
from pytest_coreml.report.formats.html.model_view import ModelView, model_view
from pytest_coreml.report.formats.html.test_view import TestView, test_view, worst_standing
from pytest_coreml.report.formats.html.trend_view import Trend, trends
from pytest_coreml.report.text import variant_table
from pytest_coreml.report.text.calls_note import calls_notes
from pytest_coreml.report.text.checks import Finding, grouped, open_findings, subject
from pytest_coreml.report.text.numbers import machine_words
from pytest_coreml.report.text.standings import STANDINGS
from pytest_coreml.verdict.regression.machine_kind import hardware_kind
from pytest_coreml.verdict.repeated_records import last_attempts
from pytest_coreml.verdict.variant_rows import variant_groups

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pytest_coreml.facts.timeline import Timeline
    from pytest_coreml.report.document.read import Report
    from pytest_coreml.report.text.checks import Group
    from pytest_coreml.verdict.record import Record, Standing
    from pytest_coreml.verdict.variant_rows import VariantGroup, VariantRow

# A page of more is slow to open; what failed comes first.
MAX_TESTS: Final = 1000
# Rows of the layers of each test.
_FEW_TESTS: Final = 50
_PLAN_ROWS: Final = 20
_PLAN_ROWS_OF_MANY: Final = 6
_ORDER: Final = list(STANDINGS)


@dataclass(frozen=True)
class Count:
    """The number of tests with one standing."""

    standing: Standing
    words: str
    count: int


@dataclass(frozen=True)
class VariantLine:
    """A row of a table of variants."""

    cells: tuple[str, ...]
    remarks: tuple[str, ...]
    size_bar: float
    """The size as a share of the largest, 0 to 100."""
    time_bar: float
    """The time as a share of the longest, 0 to 100."""


@dataclass(frozen=True)
class VariantTable:
    """The variants of one model."""

    model: str
    test: str
    units: str
    lines: tuple[VariantLine, ...]
    points: tuple[tuple[str, float, float, str], ...]
    """Those with size and time: name, MB, ms, and the PSNR in words."""


@dataclass(frozen=True)
class PageView:
    """The page."""

    created: str
    tools: str
    reports: int
    machines: tuple[str, ...]
    partial: bool
    counts: tuple[Count, ...]
    attention: tuple[Group, ...]
    """The checks that did not pass, by reason, the worst first."""
    tests: tuple[TestView, ...]
    omitted: int
    """The number of tests that do not fit on the page."""
    records: tuple[Record, ...]
    """The record of each test."""
    calls_notes: tuple[str, ...]
    """The calls that the times in the table are made of, where that matters."""
    variants: tuple[VariantTable, ...]
    variant_headings: tuple[str, ...]
    lanes: tuple[LaneView, ...]
    """The timelines that were recorded, or what follows from the durations of a small report."""
    models: tuple[ModelView, ...]
    trends: tuple[Trend, ...]


def page_view(reports: Sequence[Report], timelines: Sequence[Timeline] = ()) -> PageView:
    """Return the view of *reports*, at least one, and of *timelines* that were recorded."""
    ordered = sorted(reports, key=lambda report: report.created)
    shown = list({hardware_kind(report.machine): report for report in ordered}.values())
    shown.sort(key=lambda report: report.created, reverse=True)
    found = [(report, record) for report in shown for record in last_attempts(report.records)]
    found.sort(key=lambda pair: _ORDER.index(worst_standing(pair[1])))
    several = len(shown) > 1
    max_rows = _PLAN_ROWS if len(found) <= _FEW_TESTS else _PLAN_ROWS_OF_MANY
    records = [record for _, record in found]
    standings = Counter(map(worst_standing, records))
    return PageView(
        created=shown[0].created.replace("T", " ").replace("Z", " UTC"),
        tools=", ".join(dict.fromkeys(report.tool for report in shown)),
        reports=len(reports),
        machines=tuple(dict.fromkeys(machine_words(each) for report in shown for each in _machines(report))),
        partial=any(report.document.get("partial") for report in shown),
        counts=tuple(
            Count(standing, words.words.lower(), standings[standing])
            for standing, words in STANDINGS.items()
            if standings[standing]
        ),
        attention=tuple(grouped(one for record in records[:MAX_TESTS] for one in _findings(record))),
        tests=tuple(
            test_view(record, index, _machine(report, record, several), max_rows)
            for index, (report, record) in enumerate(found[:MAX_TESTS])
        ),
        omitted=max(0, len(found) - MAX_TESTS),
        records=tuple(records[:MAX_TESTS]),
        calls_notes=tuple(calls_notes(records[:MAX_TESTS])),
        variants=tuple(_variants(group) for report in shown for group in variant_groups(last_attempts(report.records))),
        variant_headings=variant_table.HEADINGS,
        lanes=lane_views(timelines or _timelines(shown)),
        models=tuple(map(model_view, {sha: spec for report in shown for sha, spec in report.models.items()}.values())),
        trends=tuple(trends(ordered)),
    )


def _timelines(reports: Sequence[Report]) -> list[Timeline]:
    """Return what follows from the durations in *reports*; nothing where there are too many to draw."""
    if sum(len(report.records) for report in reports) > MAX_TRACKS:
        return []
    return list(map(timeline_of_report, reports))


def _findings(record: Record) -> Iterator[Finding]:
    found = list(open_findings(record))
    yield from found
    if worst_standing(record) == "failed" and not any(one.standing == "failed" for one in found):
        text = record.problem or "the test itself failed; its text is in the log of the run"
        yield Finding("failed", "", record.test, subject(record), text)


def _machines(report: Report) -> list[Any]:
    return list(report.machines.values()) or [report.machine]


def _machine(report: Report, record: Record, several: bool) -> str:
    if record.machine:
        return record.machine
    return machine_words(report.machine) if several else ""


def _variants(group: VariantGroup) -> VariantTable:
    sizes = [row.size_mb or 0.0 for row in group.rows]
    times = [row.predict_ms or 0.0 for row in group.rows]
    largest, longest = max(sizes) or 1.0, max(times) or 1.0
    lines = (
        VariantLine(
            variant_table.cells(row), tuple(variant_table.remarks(row)), _bar(size, largest), _bar(time, longest)
        )
        for row, size, time in zip(group.rows, sizes, times, strict=True)
    )
    machine = f" on {group.machine}" if group.machine else ""
    return VariantTable(
        group.model, group.test, f"{group.compute_units}{machine}", tuple(lines), tuple(_points(group.rows))
    )


def _bar(value: float, most: float) -> float:
    return round(value / most * 100, 1)


def _points(rows: Sequence[VariantRow]) -> list[tuple[str, float, float, str]]:
    return [
        (row.variant, row.size_mb, row.predict_ms, variant_table.cells(row)[-2])
        for row in rows
        if row.size_mb is not None and row.predict_ms is not None
    ]
