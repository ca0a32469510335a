"""Tracks of a timeline as text, as workers of pytest-xdist send them."""

from __future__ import annotations

import json
from dataclasses import astuple
from typing import TYPE_CHECKING

from pytest_coreml.facts.timeline import Event, Total, Track, TrackKey

if TYPE_CHECKING:
    from collections.abc import Iterable


def encode_tracks(tracks: Iterable[Track]) -> str:
    """Return *tracks* as text."""
    return json.dumps(
        [
            (
                astuple(track.key),
                track.events,
                [(*name, *astuple(total)) for name, total in track.left_out.items()],
                track.notes,
                track.processes,
            )
            for track in tracks
        ]
    )


def decode_tracks(text: str) -> list[Track]:
    """Return what `encode_tracks` made text of."""
    return [
        Track(
            TrackKey(*key),
            [Event(*event) for event in events],
            {(lane, kind): Total(*numbers) for lane, kind, *numbers in left_out},
            notes,
            processes,
        )
        for key, events, left_out, notes, processes in json.loads(text)
    ]
