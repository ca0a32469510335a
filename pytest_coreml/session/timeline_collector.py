"""Collect the timeline of a run, from what its engines have recorded, and complete it with the times of operations."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from pytest_coreml.facts.timeline import Timeline, Track, TrackKey

if TYPE_CHECKING:
    from pytest_coreml.facts.timeline import Recording, Subject


class TimelineCollector:
    """The part of a timeline that is not yet taken."""

    def __init__(self) -> None:
        self._timeline = Timeline()
        # The keys of what was loaded: engines that only read a plan or load once more name the path alone.
        self._known: dict[str, TrackKey] = {}

    def add(self, recording: Recording) -> None:
        """Add what an engine has recorded."""
        track = Track(self._key(recording), list(recording.events), dict(recording.left_out))
        self._timeline.add([track])

    def take(self) -> list[Track]:
        """Return the tracks since the last call."""
        tracks, self._timeline = self._timeline.tracks, Timeline()
        return tracks

    def _key(self, recording: Recording) -> TrackKey:
        subject = recording.subject
        if recording.model is None:
            return self._known.get(subject.compiled or subject.path) or _key_by_path(subject)
        key = TrackKey(recording.model, recording.sha256, subject.compute_units, subject.function, subject.loaded)
        self._known[subject.compiled or subject.path] = key
        return key


def _key_by_path(subject: Subject) -> TrackKey:
    return TrackKey(Path(subject.path).name, None, subject.compute_units, subject.function, subject.loaded)
