"""`pytest-coreml compare`: verdicts from finished reports."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
import report_examples

from pytest_coreml.cli import main
from pytest_coreml.facts.measurement import LoadTimes, Measurement
from pytest_coreml.report.document.build import build_report
from pytest_coreml.report.document.write import write_report

if TYPE_CHECKING:
    from pathlib import Path


def predictions(ms: float) -> Measurement:
    """Return a hundred undisturbed calls of about *ms*."""
    times = tuple(ms * (1 + 0.001 * (i % 10)) for i in range(100))
    return Measurement(times, times, (0.0,) * 100, warmup=20)


def write_machines(path: Path, **ms: float) -> str:
    """Write a report of one test on several machines: those named with an M1 are of another kind."""
    records = [report_examples.bare_record(predict=predictions(each), machine=name) for name, each in ms.items()]
    chips = {name: "Apple M1" if "m1" in name else "Apple M4 Pro" for name in ms}
    machines = {name: {**report_examples.MACHINE, "chip": chip} for name, chip in chips.items()}
    write_report(build_report(records, [], report_examples.MACHINE, machines), path)
    return str(path)


def write(path: Path, ms: float = 10.0, test_id: str = "test_a.py::test_a[all]", **machine: Any) -> str:
    record = report_examples.bare_record(id=test_id, predict=predictions(ms))
    document = build_report([record], {}, {**report_examples.MACHINE, **machine})
    write_report(document, path)
    return str(path)


@pytest.fixture
def baseline(tmp_path: Path) -> str:
    """A folder of three baseline runs."""
    folder = tmp_path / "baseline"
    folder.mkdir()
    for run, ms in enumerate((9.95, 10.0, 10.05)):
        write(folder / f"{run}.json", ms)
    return str(folder)


@pytest.mark.parametrize(("ms", "expected"), [(10.1, (0, ": ok")), (11.5, (1, "REGRESSED")), (9.0, (0, ": ok"))])
def test_status(
    baseline: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], ms: float, expected: tuple[int, str]
) -> None:
    """Slower is 1, the rest 0, and the text says it."""
    status, words = expected

    assert main(["compare", baseline, "--current", write(tmp_path / "now.json", ms)]) == status
    assert words in capsys.readouterr().out


def test_a_new_test_that_failed_unmeasured_fails(
    baseline: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """As one whose model is missing: the run that made the report was red. A new one that was measured is listed."""
    new = [
        report_examples.bare_record(id="test_a.py::test_gone[all]", model=None, outcome="failed"),
        report_examples.bare_record(id="test_a.py::test_new[all]", predict=predictions(10)),
    ]
    old = report_examples.bare_record(id="test_a.py::test_a[all]", predict=predictions(10))
    write_report(build_report([old, *new], [], report_examples.MACHINE), tmp_path / "now.json")

    assert main(["compare", baseline, "--current", str(tmp_path / "now.json"), "--inconclusive=warn"]) == 1

    shown = capsys.readouterr().out
    assert "FAILED: the test failed before anything was measured" in shown
    assert "only in the current report: test_a.py::test_new[all] all" in shown
    assert "2 compared, 1 failed, 0 inconclusive" in shown


def test_another_machine_is_inconclusive(baseline: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Times of two machines are not compared, and the difference is named."""
    current = write(tmp_path / "now.json", chip="Apple M1")

    assert main(["compare", baseline, "--current", current]) == 3
    assert "not the same machine: chip Apple M4 Pro, now Apple M1" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("now", "slower"),
    [({"m4": 10, "m1": 24}, ["m1"]), ({"m4": 12, "m1": 20}, ["m4"]), ({"m4": 12, "m1": 24}, ["m1", "m4"])],
)
def test_each_machine_of_a_report_is_compared_with_its_own_kind(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], now: dict[str, float], slower: list[str]
) -> None:
    """A report of several machines has a row for each, and no machine speaks for another one."""
    baseline = write_machines(tmp_path / "base.json", m4=10, m1=20)
    current = write_machines(tmp_path / "now.json", **now)

    assert main(["compare", baseline, "--current", current, "--format=json"]) == 1
    rows = json.loads(capsys.readouterr().out)["measurements"]
    assert sorted(row["machine"] for row in rows) == ["m1", "m4"]
    assert sorted(row["machine"] for row in rows if row["verdict"] == "failed") == slower


def test_reports_of_different_machines_are_told_apart(
    baseline: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A machine that the baseline lacks does not keep others from being judged, and its difference is in its name."""
    system = {**report_examples.MACHINE["os"], "build": "25G12"}
    updated = write(tmp_path / "updated.json", 20.0, os=system)

    assert main(["compare", baseline, "--current", write(tmp_path / "slow.json", 12.0), updated]) == 1
    out = capsys.readouterr().out
    assert "on OS build 25F80\n  failed" in out
    assert "on OS build 25G12\n  inconclusive: CANNOT TELL: not the same machine: OS build 25F80, now 25G12" in out


def test_machines_of_one_kind_do_not_clear_each_other(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Two Macs with the same chip are two machines: one that is slow is named."""
    baseline = write_machines(tmp_path / "base.json", desk=10, rack=10)
    current = write_machines(tmp_path / "now.json", desk=10, rack=12)

    assert main(["compare", baseline, "--current", current]) == 1
    assert "test_a.py::test_b[all] all on rack" in capsys.readouterr().out


def test_nothing_in_common_is_not_ok(baseline: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Two reports of different tests give no success, and an error when all are required."""
    current = write(tmp_path / "now.json", test_id="test_b.py::test_b[all]")

    assert main(["compare", baseline, "--current", current]) == 3
    assert "only in the current report: test_b.py" in capsys.readouterr().out
    assert main(["compare", baseline, "--current", current, "--require-all"]) == 2


@pytest.mark.parametrize("content", ["", "{}", "[" * 100_000, '{"schema_version": 99}'])
def test_what_is_no_report(baseline: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], content: str) -> None:
    """A file that is not a report is named in one line."""
    bad = tmp_path / "bad.json"
    bad.write_text(content)

    assert main(["compare", baseline, "--current", str(bad)]) == 2
    assert "bad.json" in capsys.readouterr().err


def test_empty_folder(baseline: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A folder without reports is a usage error."""
    empty = tmp_path / "empty"
    empty.mkdir()

    assert main(["compare", str(empty), "--current", baseline]) == 2
    assert "no reports (*.json) in the folder" in capsys.readouterr().err


def test_text_of_reports_is_not_obeyed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Names in a report forge neither table rows nor annotations."""
    name = "a|b<img>\n::error::x"
    arguments = [
        "compare", write(tmp_path / "a.json", 10, name), "--current", write(tmp_path / "b.json", 20, name), "--format"
    ]  # fmt: skip
    main([*arguments, "markdown"])
    markdown = capsys.readouterr().out
    main([*arguments, "github"])
    github = capsys.readouterr().out

    assert "<img>" not in markdown
    assert "a\\|b" in markdown
    assert [line for line in github.splitlines() if line.startswith("::error::x")] == []
    assert sum(line.startswith("::error") for line in github.splitlines()) == 1


def test_what_cannot_be_judged_beside_a_pass_is_told_and_decides_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Loads of a busy baseline give no limit; the predictions of it do."""
    busy = replace(predictions(10), wait_ms=(9.0,) * 40 + (0.0,) * 60)
    record = report_examples.bare_record(predict=busy, load=LoadTimes(load_ms=(5.0,)))
    path = tmp_path / "busy.json"
    write_report(build_report([record], [], report_examples.MACHINE), path)

    assert main(["compare", str(path), "--current", str(path), "--format=json"]) == 0
    (row,) = json.loads(capsys.readouterr().out)["measurements"]
    assert row["verdict"] == "passed"
    assert [finding["verdict"] for finding in row["findings"]] == ["passed", "not_judged"]


def test_json(baseline: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The JSON has a finding for each measurement."""
    main(["compare", baseline, "--current", write(tmp_path / "now.json", 12.0), "--format", "json"])
    (row,) = json.loads(capsys.readouterr().out)["measurements"]

    assert row["findings"][0]["verdict"] == "failed"
    assert row["effect"] == pytest.approx(0.2, rel=0.01)
