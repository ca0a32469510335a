"""The page of reports, as a text: what it contains without a script, and what a hostile report can do to it."""

from __future__ import annotations

import base64
import gzip
import json
import re
import time
from dataclasses import replace
from html.parser import HTMLParser
from typing import Any

import pytest
from page_reports import calls, large_report, mac_report, made, plan, runs
from report_examples import MACHINE, OBSERVED, RECORD, SPEC

from pytest_coreml.cli import main
from pytest_coreml.facts.placement import Move, Operation, Placement
from pytest_coreml.facts.timeline import Event, Timeline, Track, TrackKey
from pytest_coreml.report.document.read import decode_report
from pytest_coreml.report.document.trace_document import trace_lines
from pytest_coreml.report.document.write import TRACE, write_lines, write_report
from pytest_coreml.report.formats.html.html_page import MAX_BYTES, render
from pytest_coreml.verdict.check import Check

TIMES = "\N{MULTIPLICATION SIGN}"
HOSTILE = "</script><script>alert(1)</script><img src=x onerror=alert(2)>\"'&{{7*7}}\u202e\x1b[31m@packed@"


class Parsed(HTMLParser):
    """The elements of a page, with the texts in them."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self.unseen = False
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self.unseen = tag in ("style", "script")

    def handle_endtag(self, tag: str) -> None:
        self.unseen = False

    def handle_data(self, data: str) -> None:
        if not self.unseen:
            self.texts.append(data)

    @property
    def text(self) -> str:
        """All text, with single spaces."""
        return " ".join(" ".join(self.texts).split())


def packed(page: str) -> Any:
    """Return the data for the script."""
    found = re.search(r'<script id="packed" type="application/octet-stream">([A-Za-z0-9+/=]*)</script>', page)
    assert found is not None
    return json.loads(gzip.decompress(base64.b64decode(found[1])))


def test_the_page_needs_no_script_for_what_was_judged() -> None:
    """Verdicts, numbers with units, reasons, layers with devices, and the boundary are in the text."""
    text = Parsed(render([mac_report()])).text

    assert "4 failed" in text
    assert "test_encoder.py::test_encoder" in text
    assert "Failed to build the model execution plan" in text
    # 100 calls around 5.2 ms, four of them disturbed.
    assert "100 after 20 warm-ups" in text
    assert "96 calls" in text
    assert f"30 {TIMES} conv Neural Engine CPU, Neural Engine" in text
    assert "use an index of uint16 (iOS 18)" in text
    assert "while_loop_0 / body" in text
    assert "cast float16 → float32" in text
    assert "palette-4" in text
    assert "PSNR 41.3 dB" in text


def test_the_page_asks_for_nothing() -> None:
    """It refers to no other file and address, and forbids what it does not contain."""
    page = render([mac_report()])
    parsed = Parsed(page)
    links = [value for _, attributes in parsed.tags for name, value in attributes.items() if name in ("src", "href")]

    assert all(link is not None and link.startswith("#") for link in links)
    assert "url(" not in page.partition("</style>")[0]
    policies = [a["content"] for tag, a in parsed.tags if a.get("http-equiv") == "Content-Security-Policy"]
    assert len(policies) == 1
    assert str(policies[0]).startswith("default-src 'none'; ")


def test_hostile_text_is_shown_and_not_obeyed() -> None:
    """Names of models, tests, operations and machines, reasons and notes add no element and no attribute."""
    plain = Parsed(render([_hostile("harmless")]))
    page = render([_hostile(HOSTILE)])
    parsed = Parsed(page)

    assert [tag for tag, _ in parsed.tags] == [tag for tag, _ in plain.tags]
    assert [sorted(attributes) for _, attributes in parsed.tags] == [sorted(attributes) for _, attributes in plain.tags]
    assert "<img src=x onerror=alert(2)>" in parsed.text
    assert "\u202e" not in page
    assert "\x1b" not in page
    assert packed(page)["operations"]["lists"][0][1].startswith("</script>")


def _hostile(text: str) -> Any:
    op = Operation(text, text, "cpu", ("cpu",), 1.0, f"main/{text}", unknown_device=text, reason=text)
    record = replace(
        RECORD,
        id=f"test_a.py::test[{text}]",
        model_name=text,
        variant=text,
        problem=text,
        notes=[text],
        placement=Placement((op,)),
        checks=[Check(text, 1.0, 2.0, "failed", text)],
    )
    machine = {**MACHINE, "chip": text}
    report = made([record], machine=machine)
    report.models[SPEC.sha256] = replace(report.models[SPEC.sha256], file_name=text, precision=(text,))
    return report


def test_reports_of_earlier_versions_have_a_page() -> None:
    """Fields that are required and nothing else are enough."""
    predict = {"native_ms": [1.0], "wall_ms": [1.5], "wait_ms": None, "warmup": 0, "undisturbed": 1}
    predict |= dict.fromkeys(("min_ms", "p10_ms", "median_ms", "p90_ms", "p95_ms"), 1.0)
    test = {"id": "a.py::test", "model": None, "compute_units": "all", "function": None, "runtime": "coreml"}
    test |= {"outcome": "passed", "load": None, "memory_mb": None, "placement": None, "checks": [], "regression": None}
    machine = {"chip": None, "os": {"name": "macOS", "version": None}, "python": "3.10.0", "coremltools": None}
    document = {
        "schema_version": 1,
        "created": "2026-01-31T12:00:00Z",
        "tool": {"name": "pytest-coreml", "version": "0.0.1"},
        "machine": {**machine, "runtime": None},
        "models": {},
        "tests": [{**test, "predict": predict}, {**test, "id": "b.py::test", "predict": None}],
    }

    page = render([decode_report(document)])

    assert "b.py::test" in Parsed(page).text
    assert packed(page)["calls"] == [
        {"every": 1, "ms": [1.0], "disturbed": [], "limits": [], "baseline": None},
        None,
    ]


def test_a_report_without_tests_has_a_page() -> None:
    """A run may end before its first test does."""
    assert "no test of a model has ended" in Parsed(render([made([])])).text


def test_what_was_observed_sustained_and_moved_is_told() -> None:
    """The page has what a report has beside times and plans."""
    moved = Move("layer_7", "gather", "neuralEngine", "cpu", 0.125)
    sustained = replace(calls(5.0, 1), seconds=30.0)
    text = Parsed(render([made([replace(RECORD, observed=OBSERVED, moved=(moved,), sustained=sustained)])])).text

    assert "Observed devices Neural Engine unavailable, GPU active" in text
    assert "Sustained load 100 calls in 30 s" in text
    assert "Moved since the baseline planned on cpu, before on neuralEngine" in text


def test_times_of_different_clocks_are_different_lines() -> None:
    """Xcode's measurements are not compared with those of this package."""
    ours = replace(RECORD, measured_by="pytest-coreml")
    xcode = replace(RECORD, measured_by="xcode")

    page = render([made([record], day) for day, record in enumerate([ours, ours, xcode, xcode])])

    assert list(map(len, packed(page)["drawn"]["trends"])) == [2, 2]


def test_several_reports_make_trends_of_each_kind_of_machine() -> None:
    """A line has all runs of one kind of machine, and marks where the system or the plan changed."""
    other = mac_report(3, machine={**MACHINE, "chip": "Apple M1", "model_identifier": "Mac13,1"})
    again = mac_report(4, machine=other.machine)
    page = render([*runs(6), other, again])
    trends = packed(page)["drawn"]["trends"]

    # Four settings and four variants, on two kinds of machines.
    assert sorted(map(len, trends)) == [2] * 8 + [6] * 8
    longest = next(trend for trend in trends if len(trend) == 6)
    assert [point[0][:10] for point in longest] == [f"2026-10-0{day}" for day in range(1, 7)]
    assert [point[4] for point in longest] == [[], [], [], ["system"], [], []]
    assert "OS build: 25F80 -> 25G12" in Parsed(page).text


def test_a_changed_placement_is_marked_in_a_trend() -> None:
    """A point is marked where operations moved since the point before."""
    record = replace(RECORD, placement=plan(10, "all", 1))
    moved = replace(RECORD, placement=plan(10, "cpuOnly", 1))

    page = render([made([record], 0), made([moved], 1)])

    assert [point[4] for point in packed(page)["drawn"]["trends"][0]] == [[], ["placement"]]


def test_every_operation_is_in_the_data_of_the_script() -> None:
    """Names, costs, devices and blocks can be read back; equal ones are written once."""
    report = mac_report()
    data = packed(render([report]))
    expected = next(record for record in report.records if record.placement is not None).placement
    assert expected is not None
    tables, columns = data["operations"], data["plans"][0]
    names, before = [], ""
    coded = tables["lists"][columns["names"]]
    for shared, rest in zip(coded[::2], coded[1::2], strict=True):
        before = before[:shared] + rest
        names.append(before)
    kinds = [tables["kinds"][kind] for kind in columns["kinds"]]

    assert names == [op.name for op in expected.ops]
    assert [tables["texts"][kind[2]] for kind in kinds] == [op.operator for op in expected.ops]
    assert [tables["texts"][kind[3]] for kind in kinds] == [op.block for op in expected.ops]
    costs = [op.cost * 1e6 if op.cost is not None else None for op in expected.ops]
    assert columns["costs"] == pytest.approx(costs, rel=0.005, abs=0.5)
    # One model on four settings.
    assert len(tables["lists"]) == 1


def test_many_calls_are_thinned_out_for_the_chart() -> None:
    """Quantiles are of all calls; a chart cannot show ten thousand."""
    record = replace(RECORD, predict=calls(5.0, 1, count=10_000))
    found = packed(render([made([record])]))["calls"][0]

    assert found["every"] == 25
    assert len(found["ms"]) == 400


@pytest.mark.slow
@pytest.mark.parametrize("share_names", [4, 1])
def test_a_page_of_large_networks_is_small_and_quick(share_names: int) -> None:
    """100 tests with plans of 2,000 operations: at most 1.5 MB, in less than 3 s of this process."""
    report = large_report(share_names=share_names)

    started = time.process_time()
    page = render([report])
    seconds = time.process_time() - started

    assert len(page.encode()) <= MAX_BYTES
    assert [plan is not None for plan in packed(page)["plans"]] == [True] * 100
    assert seconds < 3


def test_the_lanes_of_a_recorded_timeline_are_drawn(tmp_path, capsys) -> None:
    """A trace beside the report is drawn in its own times: bars that touch are one, totals are below."""
    ms = 1_000_000
    key = TrackKey("Encoder.mlpackage", SPEC.sha256, "all")
    events = [
        Event("activity", "load", 0, 40 * ms),
        Event("activity", "predict", 90 * ms, 5 * ms),
        Event("activity", "predict", 95 * ms, 5 * ms),
        Event("data", "inputs", 89 * ms, ms, {"bytes": 256}),
        Event("compute", "conv", 95 * ms, 3 * ms, {"device": "neuralEngine", "estimated": True}),
        Event("compute", "gather", 98 * ms, 2 * ms, {"device": "cpu", "estimated": True}),
    ]
    write_lines(trace_lines(Timeline([Track(key, events)])), tmp_path / "trace.json", TRACE)
    write_report(mac_report().document, tmp_path / "report.json")

    assert (
        main(["show", "--format=html", *map(str, tmp_path.glob("*.json")), f"--output={tmp_path / 'page.html'}"]) == 0
    )

    page = (tmp_path / "page.html").read_text("utf-8")
    assert '<path class="load" d="M0 0h200v16h-200z"/><path class="predict" d="M450 0h50v16h-50z"/>' in page
    assert '<path class="neuralEngine" d="M0 0h300v16h-300z"/><path class="cpu" d="M300 0h200v16h-200z"/>' in page
    text = Parsed(page).text
    assert "Encoder.mlpackage on all 100 ms" in text
    assert "activity predict 2 10 ms" in text
    assert "data inputs 1 1 ms 256 bytes" in text
    assert "compute conv 1 about 3 ms" in text
    assert main(["show", "--format=html", str(tmp_path / "trace.json")]) == 2
    assert "a page needs a report" in capsys.readouterr().err


def test_the_command_makes_a_page_of_several_reports(tmp_path, capsys) -> None:
    """Folders and files, written to one file; another format takes one report."""
    for day, report in enumerate(runs(3)):
        write_report(report.document, tmp_path / "kept" / f"{day}.json")

    assert main(["show", "--format=html", str(tmp_path / "kept"), f"--output={tmp_path / 'page.html'}"]) == 0
    assert capsys.readouterr().out == ""
    assert "Trends" in (tmp_path / "page.html").read_text("utf-8")
    files = [str(tmp_path / "kept" / f"{day}.json") for day in (0, 1)]
    assert main(["show", *files]) == 2
    assert "several are a page: --format=html" in capsys.readouterr().err
