"""The totals of a timeline by model, lane and kind, as the table of the Core ML instrument has them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from pytest_coreml.escaping import printable
from pytest_coreml.report.document.report_timeline import timeline_of_report
from pytest_coreml.report.document.trace_document import LANE_TITLES
from pytest_coreml.report.text.layout import plain_table, rendered
from pytest_coreml.report.text.numbers import number

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_coreml.facts.timeline import Timeline, Total, Track
    from pytest_coreml.report.document.read import Report

_WIDTH: Final = 80


def render(report: Report) -> str:
    """Return the totals of what *report* has measured."""
    return summary_text(timeline_of_report(report))


def summary_text(timeline: Timeline) -> str:
    """Return the totals of *timeline*."""
    return "".join(f"{line}\n" for line in _lines(timeline))


def _lines(timeline: Timeline) -> Iterator[str]:
    for index, track in enumerate(timeline.tracks):
        if index:
            yield ""
        yield printable(track.key.label)
        yield from _table(track)
        left_out = sum(total.count for total in track.left_out.values())
        if left_out:
            yield f"  {left_out} of these events are in the totals only"
        yield from (f"  {printable(note)}" for note in track.notes)
    yield from (printable(note) for note in timeline.notes)


def _table(track: Track) -> Iterator[str]:
    table = plain_table()
    table.add_column("  lane")
    table.add_column("kind")
    for title in ("count", "total ms", "mean ms", "KB"):
        table.add_column(title, justify="right")
    for (lane, kind), total in track.totals().items():
        table.add_row(f"  {LANE_TITLES[lane]}", printable(kind), *_cells(total))
    return rendered(table, _WIDTH)


def _cells(total: Total) -> Iterator[str]:
    mark = "~" if total.estimated else ""
    yield str(total.count)
    yield mark + number(total.total_ns / 1e6)
    yield mark + number(total.total_ns / total.count / 1e6)
    yield number(total.bytes / 1e3) if total.bytes else ""
