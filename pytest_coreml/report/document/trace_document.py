"""The trace event format, which Perfetto and the tracing tools of browsers read.

The format is described in https://docs.google.com/document/d/1CvAClvFfyA5R-PhYUmn5OOQtYMH4h6I0nSsKchNAySU: complete
events (phase `X`) with times in microseconds, and metadata (phase `M`) with the names of processes and threads. A
process stands for a model in one configuration, a thread for a lane. Further members of the document are metadata,
which readers skip: ours hold what a reader of ours needs, and the totals.
"""

from __future__ import annotations

import json
from operator import attrgetter
from typing import TYPE_CHECKING, Any, Final

from pytest_coreml._version import __version__
from pytest_coreml.facts.timeline import LANES, STEPS
from pytest_coreml.report.document.trace_format import FORMAT

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pytest_coreml.facts.timeline import Event, Lane, Timeline, Track

LANE_TITLES: Final[dict[Lane, str]] = {
    "activity": "activity",
    "data": "data",
    "compute": "compute",
    "neuralEngine": "Neural Engine",
    "gpu": "GPU",
}
# Thread ids: the lane in hundreds, and the row in it, from 1.
ROWS: Final = 100
# Parts of a microsecond in which times are written.
_GRID: Final = 1024


def trace_lines(timeline: Timeline) -> Iterator[str]:
    """Yield the text of *timeline* in lines: a document in the trace event format, an event a line."""
    starts = [event.start_ns for track in timeline.tracks for event in track.events]
    origin = min(starts, default=0)
    yield '{"displayTimeUnit": "ms",\n'
    yield f'"otherData": {json.dumps(_other_data(timeline, origin))},\n'
    yield '"traceEvents": [\n'
    separator = ""
    for number, track in enumerate(timeline.tracks, 1):
        for line in _track_lines(track, number, origin):
            yield f"{separator}{line}"
            separator = ",\n"
    yield f'\n],\n"summary": [\n{_summary_lines(timeline)}\n]}}\n'


def summary(timeline: Timeline) -> list[dict[str, Any]]:
    """Return the totals of *timeline* by model, lane and kind."""
    return [
        {
            "model": track.key.model,
            "configuration": track.key.label,
            "lane": lane,
            "kind": kind,
            "count": total.count,
            "total_ms": total.total_ns / 1e6,
            "bytes": total.bytes if lane == "data" else None,
            "estimated": total.estimated,
        }
        for track in timeline.tracks
        for (lane, kind), total in track.totals().items()
    ]


def _other_data(timeline: Timeline, origin: int) -> dict[str, Any]:
    return {
        "format": FORMAT,
        "version": __version__,
        "clock": "monotonic",
        "origin_ns": origin,
        "notes": timeline.notes,
        "models": [_model_data(track) for track in timeline.tracks],
    }


def _model_data(track: Track) -> dict[str, Any]:
    key = track.key
    return {
        "model": key.model,
        "sha256": key.sha256,
        "compute_units": key.compute_units,
        "function": key.function,
        "loaded": key.loaded,
        "machine": key.machine,
        "notes": track.notes,
        "processes": track.processes,
        "figures": track.figures,
        "left_out": [
            [lane, kind, total.count, total.total_ns, total.bytes] for (lane, kind), total in track.left_out.items()
        ],
    }


def _summary_lines(timeline: Timeline) -> str:
    return ",\n".join(map(json.dumps, summary(timeline)))


def _track_lines(track: Track, process: int, origin: int) -> Iterator[str]:
    yield _metadata("process_name", process, 0, "name", track.key.label)
    yield _metadata("process_sort_index", process, 0, "sort_index", process)
    for index, lane in enumerate(LANES):
        events = [event for event in track.events if event.lane == lane]
        for number, row in enumerate(rows_of(events), 1):
            thread = index * ROWS + number
            title = LANE_TITLES[lane] if number == 1 else f"{LANE_TITLES[lane]} ({number})"
            yield _metadata("thread_name", process, thread, "name", title)
            yield _metadata("thread_sort_index", process, thread, "sort_index", thread)
            ids = f'"pid": {process}, "tid": {thread}'
            for event in row:
                yield _event_line(event, ids, origin)


def _metadata(kind: str, process: int, thread: int, name: str, value: object) -> str:
    arguments = {name: value}
    return json.dumps({"ph": "M", "name": kind, "pid": process, "tid": thread, "ts": 0, "args": arguments})


def _event_line(event: Event, ids: str, origin: int) -> str:
    category = "step" if event.kind in STEPS else event.lane
    start, end = _microseconds(event.start_ns - origin), _microseconds(event.end_ns - origin)
    details = f', "args": {json.dumps(event.details)}' if event.details else ""
    return (
        f'{{"ph": "X", "name": {json.dumps(event.kind)}, "cat": "{category}", {ids}, '
        f'"ts": {start}, "dur": {end - start}{details}}}'
    )


def _microseconds(nanoseconds: int) -> float:
    """Return a time in microseconds, as a multiple of 1/1024, which is within half a nanosecond.

    Such numbers can be added and subtracted without rounding. Readers add durations to starts, some take the start of a
    lane away before, and an end that is rounded otherwise than the start of the next event is before or after it: the
    events are not nested then, and speedscope drops one of them.
    """
    return ((nanoseconds * _GRID + 500) // 1000) / _GRID


def rows_of(events: Sequence[Event]) -> list[list[Event]]:
    """Return *events* in rows, each in the order of time; those of one row follow each other or contain each other.

    The events of a thread have to be nested, and predictions in flight overlap.
    """
    rows: list[_Row] = []
    for event in sorted(sorted(events, key=_longest), key=attrgetter("start_ns")):
        row = next((row for row in rows if row.takes(event)), None)
        if row is None:
            row = _Row()
            rows.append(row)
        row.add(event)
    return [row.events for row in rows]


class _Row:
    def __init__(self) -> None:
        self.events: list[Event] = []
        # The ends of the events that contain the next one, the innermost last.
        self._open: list[int] = []

    def takes(self, event: Event) -> bool:
        """Return True if *event*, which begins after all others, fits into the row."""
        while self._open and self._open[-1] <= event.start_ns:
            self._open.pop()
        return not self._open or event.end_ns <= self._open[-1]

    def add(self, event: Event) -> None:
        """Add an event that fits."""
        self.events.append(event)
        self._open.append(event.end_ns)


def _longest(event: Event) -> int:
    return -event.duration_ns
