"""Traces in speedscope (https://www.speedscope.app), a reader of the format that is not ours."""

from __future__ import annotations

import base64
import json
import re
from typing import TYPE_CHECKING, Any

import pytest
import xctrace_files
from browser import browser, node_file

from pytest_coreml.cli import main
from pytest_coreml.facts.timeline import Event, Timeline, Track, TrackKey
from pytest_coreml.report.document.trace_document import trace_lines

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from selenium.webdriver import Chrome

# A browser takes seconds to start.
pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("in_one_process")]
UNITS = {"ns": 1e-6, "µs": 1e-3, "ms": 1.0, "s": 1e3}
# speedscope shows a total in two lines: its own and its share.
TOTAL = re.compile(r"([\d.]+)(ns|µs|ms|s) ")
ROWS = """return [...document.querySelectorAll('tr')].map((row) =>
    [...row.querySelectorAll('td')].map((cell) => cell.textContent)).filter((cells) => cells.length === 3)"""
TEST = """
    import pytest

    @pytest.mark.coreml_model("Linear.mlpackage")
    @pytest.mark.coreml_compute_units("cpuOnly", "all")
    def test_linear(coreml_model):
        coreml_model.measure(calls=10)
"""


@pytest.fixture(scope="module")
def opened() -> Iterator[Chrome]:
    """A browser for all tests of this module."""
    with browser() as chrome:
        yield chrome


def lanes_of(chrome: Chrome, trace: Path) -> dict[str, dict[str, float]]:
    """Open *trace*; return the total in ms of each frame, by the name of the process and thread that it is in.

    Frames with the same name and other arguments are one here.
    """
    page = node_file("speedscope/dist/release/index.html")
    content = base64.b64encode(trace.read_bytes()).decode()
    # As the command `speedscope FILE` opens a file.
    loader = trace.with_suffix(".js")
    loader.write_text(f"speedscope.loadFileFromBase64({json.dumps(trace.name)}, {json.dumps(content)})")
    chrome.get("about:blank")
    chrome.get_log("browser")
    chrome.get(f"{page.as_uri()}#localProfilePath={loader}")
    # A single lane has no number.
    title = wait_for_title(chrome, r"\(tid \d+\)")
    number = int(title.rpartition("/")[2].rstrip(")")) if "/" in title else 1
    # The view that lists frames with their totals, and then one lane after the other.
    press(chrome, "3")
    lanes = {}
    for index in range(1, number + 1):
        title = wait_for_title(chrome, rf"\({index}/{number}\)" if number > 1 else r"\(tid \d+\)")
        lanes[title.removesuffix(f" ({index}/{number})")] = frames(chrome)
        press(chrome, "n")
    return lanes


def wait_for_title(chrome: Chrome, pattern: str) -> str:
    """Return the line of the page that *pattern* is found in, once it is there."""
    from selenium.webdriver.support.ui import WebDriverWait

    def line(_: Chrome) -> str | None:
        text = chrome.find_element("tag name", "body").text
        return next((line for line in text.splitlines() if re.search(pattern, line)), None)

    found: str = WebDriverWait(chrome, 60).until(line)
    return found


def press(chrome: Chrome, key: str) -> None:
    """Press a key."""
    chrome.find_element("tag name", "body").send_keys(key)


def frames(chrome: Chrome) -> dict[str, float]:
    """Return the total in ms of each frame in the list."""
    from selenium.webdriver.support.ui import WebDriverWait

    def listed(_: Chrome) -> list[tuple[re.Match[str], str]]:
        rows: list[list[str]] = chrome.execute_script(ROWS)
        # Another table of the page has the lanes to choose from.
        return [(found, name) for total, _, name in rows if (found := TOTAL.match(total))]

    totals: dict[str, float] = {}
    for found, name in WebDriverWait(chrome, 60).until(listed):
        frame = name.partition(" {")[0]
        totals[frame] = totals.get(frame, 0.0) + float(found[1]) * UNITS[found[2]]
    return totals


def complaints(chrome: Chrome) -> list[str]:
    """Return what speedscope has complained about: events that are not nested, or were never closed."""
    # The browser itself says how it draws without a GPU.
    logged = [entry for entry in chrome.get_log("browser") if entry["source"] != "rendering"]
    return [entry["message"] for entry in logged if entry["level"] in ("WARNING", "SEVERE")]


def approx(milliseconds: float) -> Any:
    """Return a number as speedscope rounds it: to two digits after the point, of the unit that it chooses."""
    return pytest.approx(milliseconds, rel=6e-3, abs=1e-5)


def test_a_run_has_the_frames_and_totals_of_its_report(
    project: pytest.Pytester, opened: Chrome, capsys: pytest.CaptureFixture[str]
) -> None:
    """Lanes are named by model and lane, and the time of each frame is that of the report and of our own totals."""
    project.makepyfile(TEST)
    project.runpytest_subprocess("-p", "no:randomly", "--coreml-trace", "--coreml-report")
    report = json.loads((project.path / "coreml-report.json").read_text())
    summary = json.loads((project.path / "coreml-trace.json").read_text())["summary"]

    lanes = lanes_of(opened, project.path / "coreml-trace.json")

    assert complaints(opened) == []
    for process, test in enumerate(report["tests"], 1):
        label = f"Linear.mlpackage on {test['compute_units']}"
        activity = lanes[f"{label} (pid {process}), activity (tid 1)"]
        assert activity["first load"] == approx(sum(test["load"]["first_load_ms"]))
        assert activity["load"] == approx(sum(test["load"]["load_ms"]))
        assert activity["compile"] == approx(sum(test["load"]["compile_ms"]))
        for entry in summary:
            if entry["configuration"] == label:
                (lane,) = (name for name in lanes if name.startswith(f"{label} (pid {process}), {entry['lane']} "))
                assert lanes[lane][entry["kind"]] == approx(entry["total_ms"]), entry
    # The same of a timeline that is made of the report.
    capsys.readouterr()
    assert main(["show", "coreml-report.json", "--format=trace"]) == 0
    (project.path / "laid.json").write_text(capsys.readouterr().out)
    laid = lanes_of(opened, project.path / "laid.json")
    assert complaints(opened) == []
    for test in report["tests"]:
        (activity,) = (laid[name] for name in laid if f"{test['compute_units']} (" in name and "activity" in name)
        assert activity["predict"] == approx(sum(test["predict"]["native_ms"]) * test["predict"]["batch"])


def test_all_that_a_timeline_can_have_is_nested(tmp_path: Path, opened: Chrome) -> None:
    """Steps around calls, calls in flight, and rows of devices that overlap make no complaint."""
    events = [Event("activity", "measure", 0, 10_000_001)]
    for start in range(0, 9_000_000, 333_333):
        events += [Event("activity", "predict", start, 333_333), Event("gpu", "Compute", start, 999_999)]
        events += [Event("activity", "predict", start + 100_000, 400_000)]
        events += [Event("neuralEngine", "predict", start + 10, 200_000, {"label": "<b>&\"'</b>"})]
    track = Track(TrackKey("Näme <i>.mlpackage", None, "all"), events)
    path = tmp_path / "trace.json"
    path.write_text("".join(trace_lines(Timeline([track]))), encoding="utf-8")

    lanes = lanes_of(opened, path)

    assert complaints(opened) == []
    names = [name.partition("), ")[2].partition(" (tid")[0] for name in lanes]
    assert [name for name in names if name in ("activity", "Neural Engine", "GPU")] == [
        "activity",
        "Neural Engine",
        "GPU",
    ]
    assert "activity (2)" in names
    predicted = sum(totals.get("predict", 0) for name, totals in lanes.items() if "activity" in name)
    assert predicted == approx(sum(event.duration_ns for event in events if event[:2] == ("activity", "predict")) / 1e6)


def test_imported_tables_are_lanes(
    tmp_path: Path, opened: Chrome, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Rows of the Neural Engine have the total of the table."""
    monkeypatch.chdir(tmp_path)
    rows = [(start, 250_000, "Net_x Prediction") for start in range(0, 10**8, 10**6)]
    (tmp_path / "ane.xml").write_text(xctrace_files.neural_engine(rows))
    assert main(["import", "ane.xml", "--output=trace.json"]) == 0

    (lane,) = lanes_of(opened, tmp_path / "trace.json").items()

    assert complaints(opened) == []
    assert "Neural Engine" in lane[0]
    assert lane[1] == {"predict": approx(25.0)}
