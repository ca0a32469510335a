"""Lay the rows of tables over a timeline of ours, by the clock, or make a timeline of them alone."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, field
from pathlib import PurePath
from typing import TYPE_CHECKING, Final

from pytest_coreml.device_reports.xctrace.intervals import busy_ns
from pytest_coreml.device_reports.xctrace.recording_facts import RecordingFacts
from pytest_coreml.device_reports.xctrace.table_events import CORE_ML, GPU, KNOWN_TABLES, NEURAL_ENGINE, read_rows
from pytest_coreml.device_reports.xctrace.trace_clock import TIME_INFO, start_of_trace
from pytest_coreml.errors import ReportError
from pytest_coreml.facts.timeline import Event, Timeline, Track, TrackKey

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from pytest_coreml.device_reports.xctrace.table_events import Row
    from pytest_coreml.device_reports.xctrace.table_parser import Table

_OTHERS: Final = "other models"
_ACTIVITIES: Final = ("predict", "load", "first load", "compile")
_EMPTY: Final = {
    CORE_ML: "it has rows only of an executable with the entitlement com.apple.security.get-task-allow, such as an app "
    "that is signed for development",
    **dict.fromkeys(
        NEURAL_ENGINE, "that proves nothing, unless another model had rows in a recording on the same machine"
    ),
    GPU: "no process used the GPU while it was recorded",
}


@dataclass
class _Span:
    """An activity of ours, during which rows are those of its track."""

    start: int
    end: int
    track: Track


@dataclass
class _Laid:
    """A track and the events of rows that were laid over it."""

    track: Track
    events: list[Event] = field(default_factory=list)


def overlay(tables: Sequence[Table], timeline: Timeline | None = None, facts: RecordingFacts | None = None) -> Timeline:
    """Return *timeline* with the rows of *tables* in it; without a timeline, one of the rows alone.

    *facts*: of the recording. Rows lie at the time of the activity that they belong to, if the tables include
    `time-info`. Raise `ReportError` if no table is known, and if there is a timeline and no `time-info`.
    """
    known = [table for table in tables if table.schema in KNOWN_TABLES]
    if not known:
        names = ", ".join(sorted({table.schema for table in tables})) or "no table"
        raise ReportError(f"expected one of the tables {', '.join(KNOWN_TABLES)}; got {names}")
    layers = _Layers(timeline, facts or RecordingFacts(), _start(tables, timeline))
    for table in known:
        layers.add(table)
    return layers.finish()


def _start(tables: Sequence[Table], timeline: Timeline | None) -> int:
    clock = next((table for table in tables if table.schema == TIME_INFO and table.rows), None)
    if clock is not None:
        return start_of_trace(clock)
    if timeline is not None:
        raise ReportError(
            f"the table {TIME_INFO} is needed to lay rows over a trace: export it from the same recording, and import "
            "it with the others"
        )
    return 0


class _Layers:
    def __init__(self, timeline: Timeline | None, facts: RecordingFacts, start: int) -> None:
        self._is_over_ours = timeline is not None
        self._timeline = timeline if timeline is not None else Timeline()
        self._facts = facts
        self._start = start
        self._laid = {track.key: _Laid(track) for track in self._timeline.tracks}
        self._spans = sorted(self._find_spans(), key=lambda span: span.start)
        self._starts = [span.start for span in self._spans]
        self._processes = {process for track in self._timeline.tracks for process in track.processes}
        if facts.process is not None:
            self._processes.add(facts.process)
        self._names = {_stem(track.key.model) for track in self._timeline.tracks}
        self._others: dict[str | None, _Laid] = {}
        self._elsewhere = 0
        if facts != RecordingFacts():
            self._timeline.notes.append(f"recorded on {facts.text}")

    def add(self, table: Table) -> None:
        """Add the rows of *table*."""
        if not table.rows:
            self._timeline.notes.append(f"{table.schema}: 0 rows; {_EMPTY[table.schema]}")
        for row in read_rows(table):
            if row.process is not None and self._processes and row.process not in self._processes:
                self._elsewhere += 1
            else:
                self._add_row(row)

    def finish(self) -> Timeline:
        """Return the timeline, with what the rows say in sum."""
        if self._elsewhere:
            self._timeline.notes.append(f"{self._elsewhere} rows of other processes were left out")
        laid = list(self._laid.values())
        if self._is_over_ours and not any(each.events for each in laid[: len(self._timeline.tracks)]):
            self._timeline.notes.append(
                "no row matches an activity of this run: the recording is of another time, or uses another clock"
            )
        window = _window(event for each in laid for event in each.events if event.lane == "neuralEngine")
        self._timeline.tracks = [each.track for each in laid]
        for each in laid:
            each.track.events += each.events
            _add_figures(each, window)
        return self._timeline

    def _find_spans(self) -> Iterator[_Span]:
        for track in self._timeline.tracks:
            for event in track.events:
                if event.lane == "activity" and event.kind in _ACTIVITIES:
                    yield _Span(event.start_ns, event.end_ns, track)

    def _add_row(self, row: Row) -> None:
        lane, kind, start, duration, details = row.event
        if row.label:
            details = {**details, "label": row.label}
        start += self._start
        model = row.model or self._model_of(row.label)
        if row.model is not None:
            self._names.add(row.model)
        track = self._track_at(start + duration // 2, model)
        laid = self._laid[track.key] if track is not None else self._of_others(model)
        laid.events.append(Event(lane, kind, start, duration, details))

    def _of_others(self, model: str | None) -> _Laid:
        """Return the track of rows that belong to no activity of ours."""
        found = self._others.get(model)
        if found is None:
            key = TrackKey(model or _OTHERS, None, "")
            found = self._others[model] = self._laid[key] = _Laid(Track(key))
        return found

    def _model_of(self, label: str | None) -> str | None:
        """Return the model whose name, and a stroke, *label* begins with."""
        if label is None or not self._names:
            return None
        return max((name for name in self._names if label.startswith(f"{name}_")), key=len, default=None)

    def _track_at(self, time: int, model: str | None) -> Track | None:
        """Return the track with an activity at *time*, of *model* if that is known."""
        if not self._spans:
            return None
        index = bisect_right(self._starts, time)
        # Predictions in flight overlap, so that the last one to begin may have ended.
        for span in reversed(self._spans[max(0, index - 8) : index]):
            if time <= span.end and model in (None, _stem(span.track.key.model)):
                return span.track
        return None


def _stem(model: str) -> str:
    return PurePath(model).stem


def _window(events: Iterable[Event]) -> tuple[int, int] | None:
    """Return the time from the first to the last of *events*."""
    spans = [(event.start_ns, event.end_ns) for event in events]
    return (min(start for start, _ in spans), max(end for _, end in spans)) if spans else None


def _add_figures(laid: _Laid, recorded: tuple[int, int] | None) -> None:
    """Add what the rows of a track say in sum: rows for each prediction, and the time a device was busy."""
    track = laid.track
    rows = [event for event in laid.events if event.lane == "neuralEngine"]
    predicting = [event for event in rows if event.kind == "predict"]
    window = _window(predicting) or recorded
    if window is not None:
        first, last = window
        predictions = [
            event
            for event in track.events
            if event[:2] == ("activity", "predict") and event.end_ns > first and event.start_ns < last
        ]
        _add_neural_engine(track, predicting, len(predictions))
    gpu = [event for event in laid.events if event.lane == "gpu"]
    if gpu:
        busy = busy_ns(gpu) / 1e6
        track.figures["gpu_busy_ms"] = busy
        track.notes.append(f"GPU: busy for {busy:.4g} ms, in {len(gpu)} rows")


def _add_neural_engine(track: Track, rows: Sequence[Event], predictions: int) -> None:
    if not rows and not predictions:
        return
    busy = busy_ns(rows) / 1e6
    track.figures["neural_engine_rows"] = len(rows)
    track.figures["neural_engine_busy_ms"] = busy
    words = f"Neural Engine: {len(rows)} rows of predictions, busy for {busy:.4g} ms"
    if predictions:
        track.figures["rows_per_prediction"] = len(rows) / predictions
        words += f"; {len(rows) / predictions:.3g} rows per prediction, of {predictions}"
    track.notes.append(words)
