"""The lanes of a timeline as paths of a small SVG, with the totals of what is in them."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from pytest_coreml.facts.timeline import LANES, STEPS
from pytest_coreml.report.document.trace_document import LANE_TITLES
from pytest_coreml.report.text.boundary_text import bytes_text
from pytest_coreml.report.text.numbers import number

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from pytest_coreml.facts.timeline import Event, Lane, Timeline, Track

# A page with more of them is for a reader of traces, as Perfetto.
MAX_TRACKS: Final = 12
WIDTH: Final = 500
_ROW: Final = 16
# Those that colors tell apart; devices have the colors that they have elsewhere.
_KINDS: Final = {"first load": "first"} | {
    kind: kind for kind in ("compile", "load", "predict", "plan", "inputs", "outputs")
}
_MAX_TOTALS: Final = 12
_LONG_NS: Final = 10_000_000_000


@dataclass(frozen=True)
class LaneRow:
    """One lane."""

    title: str
    bars: tuple[tuple[str, str], ...]
    """The class and the path of the bars of each kind."""


@dataclass(frozen=True)
class TotalRow:
    """The events of one kind in one lane together."""

    lane: str
    kind: str
    color: str
    count: str
    time: str
    size: str


@dataclass(frozen=True)
class LaneView:
    """The timeline of a model in one configuration."""

    label: str
    span: str
    """The time from its first event to its last one."""
    rows: tuple[LaneRow, ...]
    operations: LaneRow | None
    """The lane of compute over its own time alone, which is short beside that of loads."""
    operations_span: str
    totals: tuple[TotalRow, ...]
    omitted: int
    """The number of kinds that are not among them."""
    notes: tuple[str, ...]


def lane_views(timelines: Sequence[Timeline]) -> tuple[LaneView, ...]:
    """Return the views of the first tracks of *timelines* that have events."""
    tracks = [(track, timeline.notes) for timeline in timelines for track in timeline.tracks if track.events]
    return tuple(_view(track, notes) for track, notes in tracks[:MAX_TRACKS])


def _view(track: Track, notes: Iterable[str]) -> LaneView:
    events = [event for event in track.events if event.kind not in STEPS]
    lanes: dict[Lane, list[Event]] = {lane: [event for event in events if event.lane == lane] for lane in LANES}
    start, end = _span(events)
    compute = lanes["compute"]
    first, last = _span(compute)
    totals = track.totals()
    return LaneView(
        label=track.key.label,
        span=_duration(end - start),
        rows=tuple(_row(lane, found, start, end) for lane, found in lanes.items() if found),
        operations=_row("compute", compute, first, last) if len(compute) > 1 else None,
        operations_span=_duration(last - first),
        totals=tuple(
            TotalRow(
                LANE_TITLES[lane],
                kind,
                _KINDS.get(kind, "other"),
                f"{total.count:,}",
                f"{'about ' if total.estimated else ''}{_duration(total.total_ns)}",
                bytes_text(total.bytes) if total.bytes else "-",
            )
            for (lane, kind), total in list(totals.items())[:_MAX_TOTALS]
        ),
        omitted=max(0, len(totals) - _MAX_TOTALS),
        notes=(*track.notes, *notes),
    )


def _span(events: Sequence[Event]) -> tuple[int, int]:
    return min((event.start_ns for event in events), default=0), max((event.end_ns for event in events), default=1)


def _duration(nanoseconds: float) -> str:
    return f"{number(nanoseconds / 1e9)} s" if nanoseconds >= _LONG_NS else f"{number(nanoseconds / 1e6)} ms"


def _row(lane: Lane, events: Sequence[Event], start: int, end: int) -> LaneRow:
    bars: defaultdict[str, list[tuple[int, int]]] = defaultdict(list)
    scale = WIDTH / max(1, end - start)
    for event in sorted(events, key=lambda event: event.start_ns):
        left = round((event.start_ns - start) * scale)
        bars[_class(event)].append((left, max(left + 1, round((event.end_ns - start) * scale))))
    return LaneRow(LANE_TITLES[lane], tuple((name, "".join(_path(spans))) for name, spans in bars.items()))


def _class(event: Event) -> str:
    device = event.details.get("device")
    return str(device) if device in ("cpu", "gpu", "neuralEngine") else _KINDS.get(event.kind, "other")


def _path(spans: Sequence[tuple[int, int]]) -> Iterator[str]:
    """Yield the bars, those that touch as one."""
    left, right = spans[0]
    for begin, finish in spans[1:]:
        if begin > right:
            yield f"M{left} 0h{right - left}v{_ROW}h-{right - left}z"
            left = begin
        right = max(right, finish)
    yield f"M{left} 0h{right - left}v{_ROW}h-{right - left}z"
