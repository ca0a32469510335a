"""Read the timeline that a run has written."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from pytest_coreml.errors import ReportError, shown
from pytest_coreml.facts.json_text import JsonLimits, parse_json, read_limited
from pytest_coreml.facts.timeline import LANES, Event, Timeline, Total, Track, TrackKey
from pytest_coreml.report.document.trace_document import ROWS
from pytest_coreml.report.document.trace_format import FORMAT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

# About twenty times a timeline of 100,000 events.
LIMITS: Final = JsonLimits(size=256 * 1024**2, parts=5_000_000, values=25_000_000)


def read_trace(path: Path) -> Timeline:
    """Return the timeline at *path*; raise `ReportError` if it cannot be read, or is not as we write it."""
    document = parse_json(path, read_limited(path, LIMITS.size), LIMITS)
    try:
        other = document["otherData"]
        if other["format"] != FORMAT:
            raise ReportError(f"{path}: not a trace of pytest-coreml")
        tracks = [_track(entry) for entry in other["models"]]
        for track, event in _events(document["traceEvents"], tracks, int(other["origin_ns"])):
            track.events.append(event)
        return Timeline(tracks, list(map(str, other["notes"])))
    except (KeyError, TypeError, ValueError, IndexError, AttributeError) as error:
        raise ReportError(f"{path}: not a trace as pytest-coreml writes it: {error}") from error


def _track(entry: Any) -> Track:
    key = TrackKey(
        str(entry["model"]),
        entry["sha256"],
        str(entry["compute_units"]),
        entry["function"],
        entry["loaded"],
        entry["machine"],
    )
    left_out = {
        (lane, str(kind)): Total(int(count), int(total_ns), int(size))
        for lane, kind, count, total_ns, size in entry["left_out"]
    }
    figures = {str(name): float(value) for name, value in entry["figures"].items()}
    processes, notes = list(map(int, entry["processes"])), list(map(str, entry["notes"]))
    return Track(key, left_out=left_out, notes=notes, processes=processes, figures=figures)


def _events(entries: Any, tracks: list[Track], origin: int) -> Iterator[tuple[Track, Event]]:
    for entry in entries:
        if entry["ph"] == "X":
            lane = LANES[entry["tid"] // ROWS]
            start, end = round(entry["ts"] * 1000), round((entry["ts"] + entry["dur"]) * 1000)
            if start < 0 or end < start or entry["pid"] < 1:
                raise ValueError(f"an event of {shown(entry)}")
            event = Event(lane, str(entry["name"]), origin + start, end - start, dict(entry.get("args", {})))
            yield tracks[entry["pid"] - 1], event
