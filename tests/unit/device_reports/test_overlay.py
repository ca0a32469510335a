"""Tables of Instruments as events of a timeline, alone or over a timeline of ours.

The tables are written by us; no export of our own was recorded.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import xctrace_files
from xctrace_files import Cells, core_ml, export, neural_engine, schema, time_info

from pytest_coreml.cli import main
from pytest_coreml.device_reports.xctrace.intervals import busy_ns
from pytest_coreml.device_reports.xctrace.overlay import overlay
from pytest_coreml.device_reports.xctrace.recording_facts import RecordingFacts, read_recording_facts
from pytest_coreml.device_reports.xctrace.table_events import is_prediction
from pytest_coreml.device_reports.xctrace.table_parser import Table, parse_tables
from pytest_coreml.errors import ReportError
from pytest_coreml.facts.timeline import Event, Timeline, Total, Track, TrackKey
from pytest_coreml.report.document.read_trace import read_trace
from pytest_coreml.report.document.trace_document import trace_lines

if TYPE_CHECKING:
    from pathlib import Path

# 24,000 ticks of 125/3 ns are a millisecond.
EPOCH = 24_000
START = 1_000_000
ENGINE, CPU = TrackKey("Net.mlpackage", "ab", "all"), TrackKey("Net.mlpackage", "ab", "cpuOnly")


def tables(folder: Path, *texts: str) -> list[Table]:
    """Return the tables in exports with these texts."""
    found = []
    for number, text in enumerate(texts):
        path = folder / f"{number}.xml"
        path.write_text(text)
        found += parse_tables(path)
    return found


def predictions(*starts: int) -> list[Event]:
    """Return predictions of 1,000 ns."""
    return [Event("activity", "predict", start, 1000) for start in starts]


def ours() -> Timeline:
    """Return a timeline with three predictions of one configuration, and two of another one after them."""
    first = Track(ENGINE, predictions(START, START + 2000, START + 4000), processes=[4242])
    return Timeline([first, Track(CPU, predictions(START + 6000, START + 8000), processes=[4243])])


def rows_in(track: Track, lane: str) -> list[tuple[str, int, int]]:
    """Return kind, start and duration of the events in a lane."""
    return [(event.kind, event.start_ns, event.duration_ns) for event in track.events if event.lane == lane]


@pytest.mark.parametrize(
    ("label", "expected"),
    [
        ("Neural Engine Prediction", True),
        ("Net_main_x Prediction", True),
        ("encoder_main__Op0_AneInference", True),
        ("Neural Engine Load: prepare and cache", False),
        ("Neural Engine Load", False),
        (None, False),
    ],
)
def test_labels_of_predictions(label: str | None, expected: bool) -> None:
    """The labels that published parsers name."""
    assert is_prediction(label) is expected


def test_overlapping_rows_are_busy_once() -> None:
    """The time of rows that overlap or contain each other is that of their union."""
    spans = [(0, 10), (5, 10), (6, 2), (20, 5)]

    assert busy_ns(Event("gpu", "Compute", start, duration) for start, duration in spans) == 20


def test_rows_lie_over_the_predictions_of_the_run(tmp_path: Path) -> None:
    """By the clock of the trace, each row is at the configuration that predicted then; loads are apart."""
    labels = [(100, 300, "Net_a Prediction"), (500, 300, "Net_b Prediction"), (2100, 300, "Net_a Prediction")]
    labels += [(2500, 300, "Net_b Prediction"), (4100, 300, "Net_a Prediction"), (4500, 300, "Net_b Prediction")]
    labels += [(6100, 300, "Neural Engine Load"), (90_000, 10, "Other_a Prediction")]
    read = tables(tmp_path, neural_engine(labels), time_info(EPOCH))

    found = overlay(read, ours())
    first, second, others = found.tracks

    assert rows_in(first, "neuralEngine") == [("predict", START + start, duration) for start, duration, _ in labels[:6]]
    assert first.figures == {"neural_engine_rows": 6, "neural_engine_busy_ms": 0.0018, "rows_per_prediction": 2.0}
    assert first.notes == [
        "Neural Engine: 6 rows of predictions, busy for 0.0018 ms; 2 rows per prediction, of 3",
    ]
    assert rows_in(second, "neuralEngine") == [("load", START + 6100, 300)]
    assert second.figures["rows_per_prediction"] == 0
    assert (others.key.label, others.figures.get("rows_per_prediction")) == ("other models", None)


def test_rows_of_another_model_are_not_those_of_the_run(tmp_path: Path) -> None:
    """A label that begins with the name of another known model is not laid over this one's predictions."""
    read = tables(
        tmp_path,
        core_ml([(100, 300, "Camera-3", "Prediction")]),
        neural_engine([(100, 300, "Camera_x Prediction"), (2100, 300, "Net_x Prediction")]),
        time_info(EPOCH),
    )

    first, _, camera = overlay(read, ours()).tracks

    assert [event[2] for event in rows_in(first, "neuralEngine")] == [300]
    assert rows_in(camera, "neuralEngine") == [("predict", START + 100, 300)]
    assert camera.key.model == "Camera"


def test_tables_alone_make_a_timeline(tmp_path: Path) -> None:
    """Without a run of ours, Core ML's rows have the model and its predictions; work of devices is compute."""
    signposts = [
        *((0, 900, "Net-12", "Load"), (1000, 500, "Net-12", "Prediction"), (1100, 200, "Net-12", "CPU")),
        (2000, 500, "Net-12", "Prediction"),
    ]
    engine = [(1300, 100, "Net_x Prediction"), (2100, 100, "Net_x Prediction"), (2300, 100, "Net_y Prediction")]

    (track,) = overlay(tables(tmp_path, core_ml(signposts), neural_engine(engine))).tracks

    assert track.key.label == "Net"
    assert track.totals() == {
        ("activity", "predict"): Total(2, 1000),
        ("activity", "load"): Total(1, 900),
        ("compute", "CPU"): Total(1, 200),
        ("neuralEngine", "predict"): Total(3, 300),
    }
    assert track.figures["rows_per_prediction"] == 1.5


def test_the_older_name_of_the_table_is_read_too(tmp_path: Path) -> None:
    """Xcode 16 to 26 call it internal, with the same columns."""
    read = tables(tmp_path, neural_engine([(0, 5, "Neural Engine Prediction")], "ane-hw-intervals-internal"))

    (track,) = overlay(read).tracks

    assert rows_in(track, "neuralEngine") == [("predict", 0, 5)]


def test_rows_that_are_no_work_are_left_out(tmp_path: Path) -> None:
    """A duration of 0 and a sentinel are not values, idle devices do nothing, and a nested row is inside another."""
    cells, columns = Cells(), xctrace_files.NEURAL_ENGINE
    rows = [
        cells.row(columns, 10, 0, "e", 0, "Prediction", "Active"),
        cells.row(columns, None, 5, "e", 0, "Prediction", "Active"),
        cells.row(columns, 20, None, "e", 0, "Prediction", "Active"),
        cells.row(columns, 30, 5, "e", 0, "Prediction", "Idle"),
        cells.row(columns, 40, 5, "e", 1, "Prediction", "Active"),
        cells.row(columns, 50, 5, "e", None, "Prediction", None),
    ]

    (track,) = overlay(tables(tmp_path, export(schema("ane-hw-intervals", columns) + "".join(rows)))).tracks

    assert rows_in(track, "neuralEngine") == [("predict", 50, 5)]


def gpu_row(start: int, duration: int, pid: int, first_id: int) -> str:
    """Return a row of the GPU, with a process inside."""
    return (
        f'<row><start-time id="{first_id}">{start}</start-time><duration id="{first_id + 1}">{duration}</duration>'
        f'<gpu-channel-name id="{first_id + 2}" fmt="Compute">1</gpu-channel-name><duration>3</duration>'
        f"<formatted-label fmt='x'/><gpu-state>Active</gpu-state>"
        f'<process fmt="python ({pid})"><pid>{pid}</pid></process><sentinel/></row>'
    )


def test_only_the_run_s_own_processes_are_on_the_gpu(tmp_path: Path) -> None:
    """Rows of the engine are laid over its predictions; those of other processes are counted, and not named."""
    rows = [gpu_row(100, 300, 4242, 10), gpu_row(200, 300, 4242, 20), gpu_row(100, 900, 77, 30)]
    gpu = export(schema("metal-gpu-intervals", xctrace_files.GPU) + "".join(rows))

    found = overlay(tables(tmp_path, gpu, time_info(EPOCH)), ours())

    assert rows_in(found.tracks[0], "gpu") == [("Compute", START + 100, 300), ("Compute", START + 200, 300)]
    assert found.tracks[0].figures["gpu_busy_ms"] == 0.0004
    assert "1 rows of other processes were left out" in found.notes


def test_an_empty_table_proves_nothing(tmp_path: Path) -> None:
    """It is told what an empty table means, which is not that a device was not used."""
    found = overlay(tables(tmp_path, neural_engine([]), core_ml([])))

    assert [note.partition(";")[0] for note in found.notes] == [
        "ane-hw-intervals: 0 rows",
        "coreml-os-signpost: 0 rows",
    ]
    assert "proves nothing" in found.notes[0]
    assert "get-task-allow" in found.notes[1]


def test_a_recording_of_another_time_is_told(tmp_path: Path) -> None:
    """Rows that fall into no activity are of another recording, or the clocks differ."""
    found = overlay(tables(tmp_path, neural_engine([(10**9, 5, "Net_x Prediction")]), time_info(EPOCH)), ours())

    assert any("no row matches an activity of this run" in note for note in found.notes)


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        ([neural_engine([(0, 5, "a Prediction")])], "time-info is needed"),
        ([export(schema("kdebug", (("a", "b"),)))], "got kdebug"),
        ([neural_engine([(0, 5, "a")]), time_info(5, denominator=0)], "a unit of time of 0"),
        ([neural_engine([(0, 5, "a")]), time_info(5).replace(">5<", ">x<")], "lacks the epoch"),
        ([neural_engine([(0, 5, "a")]).replace(">5<", ">five<"), time_info(5)], "where a number was expected"),
        ([neural_engine([(0, 5, "a")]), time_info(5), time_info(6)], "has 2 starts"),
    ],
)
def test_tables_that_cannot_be_laid_over_a_run(texts: list[str], expected: str, tmp_path: Path) -> None:
    """A missing or strange clock, and tables without events, are errors."""
    read = tables(tmp_path, *texts)
    if expected == "has 2 starts":
        # Two recordings that were exported to one file.
        *read, first, second = read
        first.rows += [
            tuple(second.values.get(cell) if isinstance(cell, str) else cell for cell in row) for row in second.rows
        ]
        read.append(first)

    with pytest.raises(ReportError, match=expected):
        overlay(read, ours())


def test_personal_details_of_a_recording_are_not_read(tmp_path: Path) -> None:
    """The kind of device, the versions and the process id are facts; names, identifiers and paths are not kept."""
    path = tmp_path / "toc.xml"
    path.write_text(xctrace_files.CONTENTS)

    facts = read_recording_facts(path)

    assert facts == RecordingFacts(4242, "MacBook Pro", "26.6.2 (25G83)", "16.0 (17F113)")
    assert facts.text == "MacBook Pro, 26.6.2 (25G83), Instruments 16.0 (17F113)"


def test_import_writes_the_timeline_and_prints_its_totals(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """`pytest-coreml import` takes tables, the table of contents and a trace of ours, recognized by content."""
    monkeypatch.chdir(tmp_path)
    for name, text in {
        "a.xml": neural_engine([(100, 300, "Net_x Prediction"), (2100, 300, "Net_x Prediction")]),
        "b.xml": time_info(EPOCH),
        "c.xml": xctrace_files.CONTENTS,
        "run.json": "".join(trace_lines(ours())),
    }.items():
        (tmp_path / name).write_text(text)

    assert main(["import", "a.xml", "b.xml", "c.xml", "run.json", "--output=all.json"]) == 0

    out = capsys.readouterr().out
    assert "1 rows per prediction, of 2" in out
    assert "recorded on MacBook Pro" in out
    read = read_trace(tmp_path / "all.json")
    assert rows_in(read.tracks[0], "neuralEngine") == [("predict", START + 100, 300), ("predict", START + 2100, 300)]
    assert read.tracks[0].figures["rows_per_prediction"] == 1


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({"a.xml": neural_engine([]), "b.json": '{"schema_version": 1}'}, "b.json: not a table of xctrace"),
        ({"a.xml": neural_engine([])[:-30]}, "a.xml: cut off"),
        ({"a.xml": xctrace_files.CONTENTS}, "expected one of the tables"),
    ],
)
def test_files_that_cannot_be_imported(
    files: dict[str, str],
    expected: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Each is an error that names the file, and nothing is written."""
    monkeypatch.chdir(tmp_path)
    for name, text in files.items():
        (tmp_path / name).write_text(text)

    assert main(["import", *files, "--output=all.json"]) == 2

    assert expected in capsys.readouterr().err
    assert not (tmp_path / "all.json").exists()
