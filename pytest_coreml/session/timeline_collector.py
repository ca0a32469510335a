"""Collect the timeline of a run, from what its engines have recorded, and complete it with the times of operations."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from pytest_coreml.engine.protocol import Measure, ProfileOperations
from pytest_coreml.errors import CoreMLTestError
from pytest_coreml.facts.planned_operations import planned_operations, why_not_planned
from pytest_coreml.facts.timeline import Event, Timeline, Track, TrackKey

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_coreml.engine.client import Engine
    from pytest_coreml.engine.protocol import OperationTimes
    from pytest_coreml.facts.timeline import Recording, Subject
    from pytest_coreml.session.model import CoreMLModel


class TimelineCollector:
    """The part of a timeline that is not yet taken."""

    def __init__(self) -> None:
        self._timeline = Timeline()
        # The keys of what was loaded: engines that only read a plan or load once more name the path alone.
        self._known: dict[str, TrackKey] = {}
        # Operations are timed once for each configuration.
        self._completed: set[TrackKey] = set()
        self._engine: Engine | None = None

    def add(self, recording: Recording) -> None:
        """Add what an engine has recorded."""
        events, left_out = list(recording.events), dict(recording.left_out)
        track = Track(self._key(recording), events, left_out, processes=[recording.process])
        self._timeline.add([track])

    def take(self) -> list[Track]:
        """Return the tracks since the last call."""
        tracks, self._timeline = self._timeline.tracks, Timeline()
        return tracks

    def complete(self, model: CoreMLModel, make_engine: Callable[[], Engine]) -> None:
        """Add the lane of compute of *model*, unless it was added before.

        On the reference runtime operations are timed in a separate engine, which *make_engine* makes; on Core ML
        the plan is read. What cannot be had is a note in the timeline.
        """
        key = _key_of(model)
        if key in self._completed:
            return
        self._completed.add(key)
        track = Track(key)
        try:
            if model.runtime == "reference":
                self._time_operations(track, model, make_engine)
            else:
                self._plan_operations(track, model)
        except CoreMLTestError as error:
            track.notes.append(f"no times of operations: {str(error).splitlines()[0]}")
        self._timeline.add([track])

    def close(self) -> None:
        """Close the engine that times operations."""
        if self._engine is not None:
            self._engine.close()
        self._engine = None

    def _time_operations(self, track: Track, model: CoreMLModel, make_engine: Callable[[], Engine]) -> None:
        lease = model.lease
        # The compiled model exists as long as its engine is open.
        lease.resume()
        if self._engine is None or self._engine.dead:
            self.close()
            self._engine = make_engine()
        self._engine.subject = lease.subject
        self._engine.start()
        measure = model.last.request or Measure(model.last.inputs, 1, None, model.last.sequence)
        request = ProfileOperations(
            lease.key.path, lease.loaded.compiled, model.compute_units, model.load_options, model.spec, measure
        )
        with lease.exclusive():
            _add_times(track, self._engine.ask(request))

    def _plan_operations(self, track: Track, model: CoreMLModel) -> None:
        placement = model.known_placement
        predicted = self._last_prediction(track.key)
        if predicted is not None:
            track.events += planned_operations(placement, predicted.start_ns, predicted.duration_ns)
        track.notes += filter(None, [why_not_planned(placement)])

    def _last_prediction(self, key: TrackKey) -> Event | None:
        events = [event for track in self._timeline.tracks if track.key == key for event in track.events]
        return next((event for event in reversed(events) if event.kind == "predict"), None)

    def _key(self, recording: Recording) -> TrackKey:
        subject = recording.subject
        if recording.model is None:
            return self._known.get(subject.compiled or subject.path) or _key_by_path(subject)
        key = TrackKey(recording.model, recording.sha256, subject.compute_units, subject.function, subject.loaded)
        self._known[subject.compiled or subject.path] = key
        return key


def _add_times(track: Track, times: OperationTimes) -> None:
    if not times.events:
        track.notes.append("no times of operations: ONNX Runtime does not execute this model")
        return
    details = {"calls": times.calls}
    track.events.append(Event("activity", "profile", times.start_ns, times.duration_ns, details))
    track.events += times.events
    track.notes.append(
        f"operations: of one call, {times.native_ms:.3g} ms with the profiler, the median of {times.calls}"
    )


def _key_of(model: CoreMLModel) -> TrackKey:
    options = model.load_options
    return TrackKey(model.name, model.sha256, model.compute_units, options.function, options.words)


def _key_by_path(subject: Subject) -> TrackKey:
    return TrackKey(Path(subject.path).name, None, subject.compute_units, subject.function, subject.loaded)
