"""A report is read and doubted once."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from report_examples import MACHINE, RECORD, SHA256, SPEC, bare_record, record

from pytest_coreml.errors import ReportError
from pytest_coreml.facts import json_text
from pytest_coreml.report.document import read
from pytest_coreml.report.document.build import build_report
from pytest_coreml.report.document.read import read_report
from pytest_coreml.report.document.write import write_report


@pytest.fixture
def document():
    return build_report([RECORD, bare_record()], [SPEC], MACHINE)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "report.json"


def refusal(path, content) -> str:
    """Return the error of reading a file with *content*, without the file's name."""
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(ReportError) as caught:
        read_report(path)
    assert str(path) in str(caught.value)
    return str(caught.value).replace(f"{path}: ", "")


def test_what_was_written_is_read(path, document):
    """Records and models are as they were before writing."""
    write_report(document, path)

    report = read_report(path)

    assert report.records == [RECORD, bare_record()]
    assert report.models == {SHA256: SPEC}
    assert report.machine == MACHINE
    assert report.tool.startswith("pytest-coreml ")


def test_each_record_has_its_machine(path):
    """In a run over several machines a record names its own."""
    there = {**MACHINE, "chip": "Apple M1"}
    write_report(build_report([record(machine="gw1"), RECORD], [SPEC], MACHINE, {"gw1": there}), path)

    report = read_report(path)

    assert [report.get_machine(each)["chip"] for each in report.records] == ["Apple M1", "Apple M4 Pro"]


def test_a_byte_order_mark_does_no_harm(path, document):
    """Editors on Windows write one."""
    path.write_bytes(b"\xef\xbb\xbf" + json.dumps(document).encode())

    assert len(read_report(path).records) == 2


def test_a_missing_file_is_named(path):
    """The message names the path and the cause."""
    with pytest.raises(ReportError, match=f"cannot read the report {path}: No such file or directory"):
        read_report(path)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "not JSON: Expecting value, line 1 column 1"),
        ('{"schema_version": 1, "tes', "not JSON: Unterminated string starting at, line 1 column 23"),
        (b"\xff\xfe\x00", "not valid UTF-8: invalid byte at offset 0"),
        ("[" * 200_000, "nested too deeply for a report"),
        ("1" * 5000, "Exceeds the limit"),
        ("[]", "not a report of pytest-coreml: it has no schema_version"),
        ('{"benchmarks": []}', "not a report of pytest-coreml: it has no schema_version"),
        ('{"schema_version": true}', "not a report of pytest-coreml: it has no schema_version"),
        (
            '{"schema_version": 2}',
            "written in report format 2, and this version of pytest-coreml reads formats up to 1",
        ),
        ('{"schema_version": 1}', "the whole document: missing created, tool, machine, models and tests"),
    ],
)
def test_a_file_that_is_no_report_is_refused(path, content, message):
    """The message says what the file is instead."""
    assert refusal(path, content).startswith(message)


@pytest.mark.parametrize("sample", ["NaN", "Infinity", "1e999", "-0.5", "null"])
def test_a_bad_sample_is_refused_by_its_place(path, document, sample):
    """Numbers that no clock gives are never judged."""
    document["tests"][0]["predict"]["native_ms"][1] = "SAMPLE"

    message = refusal(path, json.dumps(document).replace('"SAMPLE"', sample))

    assert message.startswith("tests[0].predict.native_ms[1]: expected ")


@pytest.mark.parametrize("figure", ["NaN", "-Infinity", "1e999"])
def test_no_figure_is_infinite(path, document, figure):
    """The same holds for every other number."""
    document["tests"][0]["memory_mb"] = "FIGURE"

    message = refusal(path, json.dumps(document).replace('"FIGURE"', figure))

    assert message.startswith("tests[0].memory_mb: expected number or null, got ")


def test_arrays_of_one_measurement_are_equally_long(path, document):
    """Each call has its native, wall and wait time."""
    document["tests"][0]["predict"]["wall_ms"].append(1.0)

    assert refusal(path, json.dumps(document)) == "tests[0].predict.wall_ms: 5 samples, but native_ms has 4"


def test_a_machine_that_is_named_exists(path, document):
    """A record of an unknown machine cannot be compared with anything."""
    document["tests"][1]["machine"] = "gw7"

    assert refusal(path, json.dumps(document)) == "tests[1].machine: no machine 'gw7' in machines"


def test_a_huge_file_is_not_read(path, monkeypatch):
    """A wrong path to a large file does not fill the memory."""
    monkeypatch.setattr(read, "SIZE_LIMIT", 1024**2)

    assert refusal(path, b" " * (1024**2 + 1)).startswith("larger than 1 MiB")


def test_a_pipe_that_does_not_end_is_not_read_to_its_end(monkeypatch):
    """A stream without a size is read up to the limit."""
    monkeypatch.setattr(read, "SIZE_LIMIT", 1024**2)

    with pytest.raises(ReportError, match="larger than 1 MiB"):
        read.read_document(Path("/dev/zero"))


@pytest.mark.parametrize("piece", [b"[],", b"1,"])
def test_what_would_not_fit_into_memory_is_refused_before_it_is_parsed(path, monkeypatch, piece):
    """A file with more lists or numbers than any report has is refused."""
    monkeypatch.setattr(read, "MAX_PARTS", 100)
    monkeypatch.setattr(read, "MAX_VALUES", 1000)
    monkeypatch.setattr(json_text.json, "loads", lambda *_, **__: pytest.fail("parsed"))

    assert "contains more lists or values than any report" in refusal(path, b"[" + piece * 2000 + b"1]")
