"""The timeline of a report, which has durations and no times of day: what was measured is laid end to end."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from pytest_coreml.facts.planned_operations import planned_operations, why_not_planned
from pytest_coreml.facts.timeline import Event, Timeline, Track, TrackKey

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from pytest_coreml.facts.timeline import Lane
    from pytest_coreml.report.document.read import Report
    from pytest_coreml.verdict.record import Record

LAID_END_TO_END: Final = (
    "made from a report, which has durations only: events are laid end to end, and the time of a call beyond its native"
    " time is half for the inputs and half for the outputs"
)


def timeline_of_report(report: Report) -> Timeline:
    """Return the timeline of all measurements in *report*."""
    timeline = Timeline(notes=[LAID_END_TO_END])
    ends: dict[TrackKey, int] = {}
    for record in report.records:
        # A scenario is of several models.
        if not record.scenarios:
            key = _key(record, report)
            track = Track(key)
            ends[key] = _Layer(track, ends.get(key, 0)).lay(record)
            timeline.add([track])
    return timeline


def _key(record: Record, report: Report) -> TrackKey:
    spec = report.models.get(record.model or "")
    # A record names the default function too.
    function = None if spec is not None and record.function == spec.default_function else record.function
    return TrackKey(record.model_name, record.model, record.compute_units, function, record.loaded)


class _Layer:
    def __init__(self, track: Track, start: int) -> None:
        self._track = track
        self._at = start

    def lay(self, record: Record) -> int:
        """Add the events of *record*; return the end of the last one."""
        if record.load is not None:
            self._add_all("compile", record.load.compile_ms)
            self._add_all("first load", record.load.first_load_ms)
            self._add_all("load", record.load.loads_ms)
        if record.predict is not None:
            self._lay_predictions(record)
        return self._at

    def _lay_predictions(self, record: Record) -> None:
        assert record.predict is not None, "the caller has looked"
        batch = record.predict.batch
        details = {"calls": batch} if batch > 1 else {}
        start = self._at
        for native_ms, wall_ms in zip(record.predict.native_ms, record.predict.wall_ms, strict=True):
            native, wall = round(native_ms * batch * 1e6), round(wall_ms * batch * 1e6)
            before = max(0, wall - native) // 2
            self._add("data", "inputs", before, details)
            start = self._at
            self._add("activity", "predict", native, details)
            self._add("data", "outputs", max(0, wall - native - before), details)
        placement = record.placement
        if placement is not None and record.predict.native_ms:
            self._track.events += planned_operations(placement, start, round(record.predict.native_ms[-1] * 1e6))
            self._track.notes += filter(None, [why_not_planned(placement)])

    def _add_all(self, kind: str, samples: Iterable[float]) -> None:
        for ms in samples:
            self._add("activity", kind, round(ms * 1e6), {})

    def _add(self, lane: Lane, kind: str, duration: int, details: Mapping[str, Any]) -> None:
        self._track.events.append(Event(lane, kind, self._at, duration, details))
        self._at += duration
