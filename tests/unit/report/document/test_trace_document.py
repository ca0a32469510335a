"""Timelines as documents in the trace event format, and back.

What the format asks for is from its published description ("Trace Event Format", by Google).
"""

from __future__ import annotations

import json
from itertools import accumulate, pairwise
from random import Random
from typing import TYPE_CHECKING, Any

import pytest

from pytest_coreml.errors import ReportError
from pytest_coreml.facts.timeline import Event, Timeline, Total, Track, TrackKey
from pytest_coreml.report.document.read_trace import read_trace
from pytest_coreml.report.document.timeline_codec import decode_tracks, encode_tracks
from pytest_coreml.report.document.trace_document import trace_lines
from pytest_coreml.report.document.trace_format import is_trace
from pytest_coreml.report.formats.trace_summary import summary_text

if TYPE_CHECKING:
    from pathlib import Path

# Of a machine that has been up for some months.
START = 9_000_000_000_000_123
TRACK = Track(
    TrackKey('A "b".mlpackage', "ab", "cpuOnly", "f", "from memory"),
    [
        Event("activity", "measure", START, 10_000_000),
        Event("data", "inputs", START, 1_000, {"bytes": 16}),
        Event("activity", "predict", START + 1_000, 2_345_678),
    ],
    {("activity", "predict"): Total(7, 70)},
    ["a note"],
)
TIMELINE = Timeline(
    [TRACK, Track(TrackKey("A.mlpackage", None, "all", machine="m"), [Event("activity", "load", START + 5, 7)])]
)


def document(timeline: Timeline) -> dict[str, Any]:
    """Return the document of *timeline*."""
    parsed: dict[str, Any] = json.loads("".join(trace_lines(timeline)))
    return parsed


def test_events_are_complete_events_in_microseconds() -> None:
    """Phase X with ts and dur in microseconds, from the first event on."""
    events = [event for event in document(TIMELINE)["traceEvents"] if event["ph"] == "X"]

    assert [(event["name"], event["cat"]) for event in events] == [
        *(("measure", "step"), ("predict", "activity"), ("inputs", "data"), ("load", "activity"))
    ]
    # To a nanosecond.
    assert [event["ts"] for event in events] == pytest.approx([0, 1, 0, 0.005], rel=0, abs=1e-3)
    assert [event["dur"] for event in events] == pytest.approx([10000, 2345.678, 1, 0.007], rel=0, abs=1e-3)
    assert all(isinstance(event[name], int) for event in events for name in ("pid", "tid"))


@pytest.mark.parametrize("before", [0, 0.1, 1 / 3])
def test_events_end_where_the_next_begin(before: float) -> None:
    """A reader that takes the start of a lane away and adds durations finds the start of the next event."""
    random = Random(1)
    durations = [random.randrange(1, 10 ** random.randrange(1, 11)) for _ in range(3000)]
    starts = list(accumulate(durations, initial=START + round(before * 1e9)))
    events = [Event("activity", "predict", *pair) for pair in zip(starts, durations, strict=False)]
    around = [Event("activity", "measure", starts[0], starts[-1] - starts[0]), Event("data", "inputs", START, 1)]

    made = document(Timeline([Track(TRACK.key, events + around)]))["traceEvents"]
    (measure,) = (event for event in made if event["name"] == "measure")
    calls = [event for event in made if event["name"] == "predict"]
    first = calls[0]["ts"]

    assert all(a["ts"] - first + a["dur"] == b["ts"] - first for a, b in pairwise(calls))
    assert calls[-1]["ts"] + calls[-1]["dur"] == measure["ts"] + measure["dur"]
    assert [call["dur"] * 1000 for call in calls] == pytest.approx(durations, rel=0, abs=1)


def test_metadata_names_models_and_lanes() -> None:
    """Phase M gives a process the name of the model and its configuration, and a thread that of the lane."""
    metadata = [event for event in document(TIMELINE)["traceEvents"] if event["ph"] == "M"]
    names = {(event["pid"], event["tid"]): event["args"].get("name") for event in metadata if "name" in event["args"]}

    assert names == {
        (1, 0): 'A "b".mlpackage on cpuOnly, function f, from memory',
        (1, 1): "activity",
        (1, 101): "data",
        (2, 0): "A.mlpackage on all, on m",
        (2, 1): "activity",
    }
    assert {event["name"] for event in metadata} == {
        *("process_name", "process_sort_index", "thread_name", "thread_sort_index"),
    }


def test_the_document_ends_with_totals() -> None:
    """They count what was left out, too, and are by model, lane and kind."""
    made = document(TIMELINE)

    assert list(made)[-1] == "summary"
    first = made["summary"][0]
    assert (first["lane"], first["kind"], first["count"], first["total_ms"]) == ("activity", "predict", 8, 2.345748)


def test_events_that_overlap_get_rows() -> None:
    """The events of a thread have to follow or contain each other: predictions in flight get separate rows."""
    events = [Event("activity", "predict", start, 10) for start in (0, 5, 10, 12)]
    events.append(Event("activity", "measure", 0, 20))

    made = document(Timeline([Track(TrackKey("A.mlmodel", None, "all"), events)]))["traceEvents"]
    rows = [(event["tid"], event["name"], round(event["ts"], 3)) for event in made if event["ph"] == "X"]

    assert rows == [
        *((1, "measure", 0), (1, "predict", 0), (1, "predict", 0.01)),
        *((2, "predict", 0.005), (3, "predict", 0.012)),
    ]


def test_a_document_can_be_read_again(tmp_path: Path) -> None:
    """The timeline that is read is the one that was written, to the nanosecond."""
    path = tmp_path / "trace.json"
    path.write_text("".join(trace_lines(TIMELINE)))

    assert is_trace(path)
    read = read_trace(path)

    assert [track.key for track in read.tracks] == [track.key for track in TIMELINE.tracks]
    assert [sorted(track.events) for track in read.tracks] == [sorted(track.events) for track in TIMELINE.tracks]
    assert [track.totals() for track in read.tracks] == [track.totals() for track in TIMELINE.tracks]
    assert read.tracks[0].notes == ["a note"]


@pytest.mark.parametrize(
    ("damage", "expected"),
    [
        (lambda text: text[:-40], "not JSON"),
        (lambda text: text.replace('"tid": 1', '"tid": 90000'), "not a trace as pytest-coreml writes it"),
        (lambda text: text.replace('"dur": 1.0,', '"dur": "x",'), "not a trace as pytest-coreml writes it"),
        (lambda text: text.replace('"pid": 2', '"pid": 3'), "not a trace as pytest-coreml writes it"),
        (lambda text: text.replace('"models"', '"MODELS"'), "not a trace as pytest-coreml writes it"),
        (lambda text: "[" * 100_000, "nested too deeply"),
    ],
)
def test_a_damaged_document_is_an_error(damage: Any, expected: str, tmp_path: Path) -> None:
    """A file that was cut off, or edited, is named in the error."""
    path = tmp_path / "trace.json"
    path.write_text(damage("".join(trace_lines(TIMELINE))))

    with pytest.raises(ReportError, match=expected) as caught:
        read_trace(path)
    assert str(path) in str(caught.value)


def test_tracks_survive_the_way_from_a_worker() -> None:
    """The text that pytest-xdist sends becomes the same tracks."""
    assert decode_tracks(encode_tracks(TIMELINE.tracks)) == TIMELINE.tracks


def test_the_summary_tells_what_is_in_totals_only() -> None:
    """A table for each model, with the number of events that the document does not have."""
    lines = summary_text(TIMELINE).splitlines()

    assert lines[0] == 'A "b".mlpackage on cpuOnly, function f, from memory'
    assert lines[3].split() == ["activity", "predict", "8", "2.35", "0.293"]
    assert "  7 of these events are in the totals only" in lines
    assert "  a note" in lines
