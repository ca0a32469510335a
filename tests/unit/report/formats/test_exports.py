"""Each export is read by its own format's reader or checked against its own description."""

from __future__ import annotations

import csv
import io
import json
import statistics
from dataclasses import replace
from types import SimpleNamespace
from xml.etree import ElementTree as ET

import jsonschema
import pytest
from markdown_it import MarkdownIt
from pytest_benchmark.storage.file import FileStorage
from report_examples import MACHINE, MEASUREMENT, RECORD, SPEC, bare_record, record

from pytest_coreml.report.document.build import build_report
from pytest_coreml.report.document.read import read_report
from pytest_coreml.report.document.write import write_report
from pytest_coreml.report.formats import (
    bencher,
    csv_table,
    github_action_benchmark,
    pytest_benchmark,
    report_json,
    report_markdown,
    report_text,
)
from pytest_coreml.report.text.table import row


@pytest.fixture
def report(tmp_path):
    write_report(build_report([RECORD, bare_record()], [SPEC], MACHINE), tmp_path / "report.json")
    return read_report(tmp_path / "report.json")


def test_csv_has_a_line_for_each_test(report):
    """The csv module reads the figures back; what was not measured is empty."""
    measured, bare = csv.DictReader(io.StringIO(csv_table.render(report)))
    assert (measured["measured_by"], measured["machine"]) == ("pytest-coreml", "")

    assert float(measured["median_ms"]) == MEASUREMENT.median_ms
    assert measured["failed"] == "2"
    assert measured["inconclusive"] == "1"
    assert bare["median_ms"] == ""


def test_json_is_the_document(report):
    """Nothing is lost or added."""
    assert json.loads(report_json.render(report)) == report.document


def test_pytest_benchmark_reads_its_format(report, tmp_path):
    """pytest-benchmark's own storage loads the file, with times in seconds."""
    warnings: list[str] = []
    path = tmp_path / "0001_coreml.json"
    path.write_text(pytest_benchmark.render(report), "utf-8")

    loaded = list(FileStorage(tmp_path, SimpleNamespace(warning=warnings.append)).load_benchmarks(str(path)))

    assert warnings == []
    assert [bench["fullname"] for bench in loaded] == [RECORD.id]
    assert loaded[0]["median"] == pytest.approx(statistics.median(MEASUREMENT.native_ms) / 1000)


def test_bencher_takes_its_format(report):
    """The shape that Bencher documents for its metric format (https://bencher.dev/bmf.json), in nanoseconds, and
    the longest names that it takes for measures and benchmarks."""
    metric = {
        "type": "object",
        "required": ["value"],
        "additionalProperties": False,
        "properties": {name: {"type": "number"} for name in ("value", "lower_value", "upper_value")},
    }
    measures = {"type": "object", "additionalProperties": metric}
    document = json.loads(bencher.render(report))

    jsonschema.validate(document, {"type": "object", "additionalProperties": measures})

    assert document[RECORD.id]["latency"]["value"] == pytest.approx(MEASUREMENT.median_ms * 1e6)
    assert all(len(name) <= 1024 and max(map(len, measures)) <= 64 for name, measures in document.items())
    for one in (metric for measures in document.values() for metric in measures.values()):
        assert one.get("lower_value", one["value"]) <= one["value"] <= one.get("upper_value", one["value"])


def test_github_action_benchmark_takes_its_format(report):
    """The entry has just the fields that its `extractCustomBenchmarkResult` takes; range and extra are text."""
    (entry,) = json.loads(github_action_benchmark.render(report))

    assert set(entry) == {"name", "unit", "value", "range", "extra"}
    assert entry["name"] == RECORD.id
    assert entry["unit"] == "ms"
    assert entry["value"] == MEASUREMENT.median_ms
    assert isinstance(entry["range"], str)
    assert isinstance(entry["extra"], str)


def test_the_last_attempt_counts(report):
    """A rerun test is one benchmark."""
    faster = replace(MEASUREMENT, native_ms=(1.0,) * 4, wall_ms=(1.0,) * 4, wait_ms=None)
    rerun = replace(report, records=[RECORD, record(attempt=3, predict=faster)])

    (entry,) = json.loads(github_action_benchmark.render(rerun))

    assert entry["value"] == 1.0


def test_measurements_of_one_test_have_names_of_their_own(report):
    """Units that are not in the node id, and functions, become part of the name."""
    several = [record(id="test_x", function=name) for name in ("main", "prefill")]

    names = [entry["name"] for entry in json.loads(github_action_benchmark.render(replace(report, records=several)))]

    assert names == ["test_x cpuAndNeuralEngine", "test_x cpuAndNeuralEngine prefill"]


def test_markdown_is_a_table_to_a_renderer(report):
    """markdown-it makes a row of each record, and of each cell the text that it has in the summary."""
    odd = bare_record(model_name="a|b_c*<d>`e`\\|", id="test_a.py::test_[x]_y")
    rendered = MarkdownIt("commonmark").enable("table").render(report_markdown.table([RECORD, odd], MACHINE))
    rows = [[cell.text for cell in row] for row in ET.fromstring(f"<page>{rendered}</page>").iter("tr")]

    assert rows == [list(report_markdown.COLUMNS), [RECORD.id, *row(RECORD)], [odd.id, *row(odd)]]


def test_markdown_tells_measurements_of_one_test_apart():
    """Test, function, way of loading, attempt and machine: whatever makes two records different."""
    several = [
        bare_record(),
        bare_record(id="test_a.py::test_c[all]"),
        bare_record(function="beta"),
        bare_record(loaded="from memory"),
        bare_record(attempt=2),
        bare_record(machine="M1 (gw1)"),
    ]
    rows = report_markdown.table(several, MACHINE).splitlines()[2:8]

    assert len(set(rows)) == len(several)
    assert rows[2].startswith("| test\\_a.py::test\\_b\\[all\\] | Encoder.mlpackage | all, function beta |")


def test_markdown_keeps_names_literal(report):
    """A pipe in a name does not start a column."""
    odd = replace(report, records=[bare_record(model_name="a|b_c")])

    assert "| a\\|b\\_c | all |" in report_markdown.render(odd)


def test_text_names_the_machine_and_the_open_checks(report, monkeypatch):
    """The text is that which the terminal showed at the end of the run."""
    monkeypatch.setenv("COLUMNS", "100")
    shown = report_text.render(report)

    assert "Apple M4 Pro, macOS 26.5.1, coremltools 9.0" in shown
    assert "this machine has no gpu" in shown


def test_csv_has_no_formula_and_no_control_character(report):
    """A spreadsheet shows what a name says; numbers stay numbers."""
    odd = bare_record(id="=cmd|' /C calc'!A0", model_name="a\x1b[31m\nb", memory_mb=-1.5)

    (row_,) = csv.DictReader(io.StringIO(csv_table.render(replace(report, records=[odd]))))

    assert row_["id"] == "'=cmd|' /C calc'!A0"
    assert row_["model_name"] == r"a\x1b[31m\nb"
    assert float(row_["memory_mb"]) == -1.5


@pytest.mark.parametrize("kind", [bencher, github_action_benchmark, pytest_benchmark])
def test_names_for_other_tools_have_no_control_characters(report, kind):
    """They write names to a terminal or a page as they are."""
    assert r"\u001b" not in kind.render(replace(report, records=[record(id="test_\x1b[31m")]))
