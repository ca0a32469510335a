"""`pytest-coreml baseline add`: a folder of runs for version control."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

import pytest
import report_examples

from pytest_coreml.cli import main
from pytest_coreml.facts.measurement import LoadTimes, Measurement
from pytest_coreml.report.document.build import build_report
from pytest_coreml.report.document.write import write_report

if TYPE_CHECKING:
    from pathlib import Path


def write(path: Path, day: int, *, ms: float = 10.0, tests: tuple[str, ...] = ("b", "a"), **machine: Any) -> str:
    """Write a report of *tests*, made on a day of January."""
    times = tuple(ms * (1 + 0.001 * (i % 10)) + 1e-9 for i in range(100))
    predict = Measurement(times, times, (0.0,) * 100, warmup=20)
    records = [report_examples.record(id=f"test_{name}.py::test[all]", predict=predict) for name in tests]
    created = datetime(2026, 1, day, tzinfo=timezone.utc)
    document = build_report(records, [report_examples.SPEC], {**report_examples.MACHINE, **machine}, created=created)
    write_report(document, path)
    return str(path)


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def add(tmp_path: Path, day: int, *options: str, **report: Any) -> None:
    assert main(["baseline", "add", write(tmp_path / "r.json", day, **report), str(tmp_path / "b"), *options]) == 0


def test_the_newest_runs_stay(tmp_path: Path) -> None:
    """Names begin with the machine and end with the time of the run."""
    for day in (1, 2, 3, 4):
        add(tmp_path, day, "--keep", "3")

    assert [name.rsplit("-", 1)[1] for name in names(tmp_path / "b")] == [
        "20260102T000000Z.json",
        "20260103T000000Z.json",
        "20260104T000000Z.json",
    ]
    assert all(name.startswith("apple-m4-pro-") for name in names(tmp_path / "b"))


def test_a_run_is_added_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The same report again changes nothing, and a line says so."""
    add(tmp_path, 1)
    before = names(tmp_path / "b")
    capsys.readouterr()
    add(tmp_path, 1)

    assert names(tmp_path / "b") == before
    assert capsys.readouterr().out.splitlines()[0] == f"already there: {tmp_path / 'b' / before[0]}"


def test_machines_are_kept_apart(tmp_path: Path) -> None:
    """The runs of one machine do not push out those of another."""
    add(tmp_path, 1, "--keep", "1")
    add(tmp_path, 2, "--keep", "1", chip="Apple M1")

    assert len(names(tmp_path / "b")) == 2


def test_a_report_of_several_machines_is_a_run_of_each(tmp_path: Path) -> None:
    """Each machine has its own file, with what it measured itself; adding them twice changes nothing."""
    chips = {"gw0": "Apple M1", "gw1": "Apple M4 Pro", "gw2": "Apple M4 Pro"}
    records = [report_examples.record(machine=name, memory_mb=float(number)) for number, name in enumerate(chips)]
    machines = {name: {**report_examples.MACHINE, "chip": chip} for name, chip in chips.items()}
    report = tmp_path / "r.json"
    write_report(build_report(records, [report_examples.SPEC], machines["gw0"], machines), report)
    for _ in range(2):
        assert main(["baseline", "add", str(report), str(tmp_path / "b")]) == 0
    documents = [json.loads(path.read_text()) for path in sorted((tmp_path / "b").iterdir())]

    assert [document["machine"]["chip"] for document in documents] == ["Apple M1", "Apple M4 Pro", "Apple M4 Pro"]
    assert all(len(document["tests"]) == 1 for document in documents)


def test_what_is_not_ours_stays(tmp_path: Path) -> None:
    """Other files, and files that only look like ours, are left alone."""
    folder = tmp_path / "b"
    folder.mkdir()
    (folder / "README.md").write_text("hands off")
    (folder / "apple-m4-pro-01234567-20250101T000000Z.json").write_text("{}")
    for day in (1, 2):
        add(tmp_path, day, "--keep", "1")

    assert "README.md" in names(folder)
    assert (folder / "apple-m4-pro-01234567-20250101T000000Z.json").read_text() == "{}"


def test_files_are_small_and_in_a_stable_order(tmp_path: Path) -> None:
    """Tests and keys are sorted, samples rounded to nanoseconds, verdicts left out."""
    add(tmp_path, 1)
    (path,) = (tmp_path / "b").iterdir()
    document = json.loads(path.read_text())

    assert [test["id"] for test in document["tests"]] == ["test_a.py::test[all]", "test_b.py::test[all]"]
    assert list(document["tests"][0]) == sorted(document["tests"][0])
    assert document["tests"][0]["predict"]["native_ms"][:2] == [10.0, 10.01]
    assert document["tests"][0]["checks"] == []


def test_replace_accepts_what_was_measured_and_keeps_the_rest(tmp_path: Path) -> None:
    """A new state of one test starts a new history; the other tests keep their runs."""
    for day in (1, 2, 3):
        add(tmp_path, day)
    add(tmp_path, 4, "--replace", ms=20.0, tests=("a",))
    documents = [json.loads(path.read_text()) for path in sorted((tmp_path / "b").iterdir())]

    assert [[test["id"] for test in document["tests"]] for document in documents] == [
        *[["test_b.py::test[all]"]] * 3,
        ["test_a.py::test[all]"],
    ]
    now = write(tmp_path / "now.json", 5, ms=20.0, tests=("a",))
    assert main(["compare", str(tmp_path / "b"), "--current", now]) == 0


@pytest.mark.parametrize(
    ("levels", "words"),
    [
        ((10.0,), "usable, with 1 run; record 3"),
        ((10.0, 14.0, 18.0), "too uneven: runs differ by 80.0 %"),
        ((10.0,) * 3, None),
    ],
)
def test_a_baseline_that_needs_more_runs_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], levels: tuple[float, ...], words: str | None
) -> None:
    """Too few runs, or runs that differ, are said when they are added."""
    for day, ms in enumerate(levels, 1):
        capsys.readouterr()
        add(tmp_path, day, ms=ms)
    text = capsys.readouterr().out

    assert ("test_a.py::test[all] cpuAndNeuralEngine" in text) is (words is not None)
    assert words is None or words in text


@pytest.mark.parametrize("content", ["", "{}", '{"schema_version": 99}'])
def test_what_is_no_report_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str], content: str) -> None:
    """Nothing is written then."""
    (tmp_path / "bad.json").write_text(content)

    assert main(["baseline", "add", str(tmp_path / "bad.json"), str(tmp_path / "b")]) == 2
    assert "bad.json" in capsys.readouterr().err
    assert not (tmp_path / "b").exists()


def test_commands_at_the_same_time_keep_every_run(tmp_path: Path) -> None:
    """Runs of one second on one machine want the same name."""
    reports = [write(tmp_path / f"{ms}.json", 1, ms=ms) for ms in (1.0, 2.0, 3.0, 4.0)]
    command = [sys.executable, "-m", "pytest_coreml", "baseline", "add"]

    started = [subprocess.Popen([*command, report, str(tmp_path / "b")]) for report in reports]

    assert [process.wait(timeout=120) for process in started] == [0, 0, 0, 0]
    assert len(names(tmp_path / "b")) == 4


@pytest.mark.parametrize(("levels", "status"), [((10.0,), 0), ((10.0, 14.0, 18.0), 3), ((10.0,) * 3, 0)])
def test_a_baseline_that_cannot_judge_is_an_exit_status_on_request(
    tmp_path: Path, levels: tuple[float, ...], status: int
) -> None:
    """The run is added anyway, since the next one may complete the baseline."""
    for day, ms in enumerate(levels[:-1], 1):
        add(tmp_path, day, ms=ms)
    last = write(tmp_path / "r.json", len(levels), ms=levels[-1])

    assert main(["baseline", "add", last, str(tmp_path / "b"), "--require-usable"]) == status
    assert len(names(tmp_path / "b")) == len(levels)


NO_RUN = "the only baseline run is not usable: "


@pytest.mark.parametrize(
    ("facts", "texts"),
    [
        ({"load": LoadTimes(load_ms=(100.0,))}, []),
        (
            {"load": LoadTimes(load_ms=(100.0,), alone=False)},
            [f"load_ms cannot be judged: {NO_RUN}with loads concurrent to those of other processes; record"],
        ),
        (
            {"load": LoadTimes(load_ms=(100.0,), thermal=("nominal", "heavy"))},
            [f"load_ms cannot be judged: {NO_RUN}measured while the thermal state changed; record a baseline after "],
        ),
        (
            {"predict": Measurement((10.0,) * 50, (10.0,) * 50, (5.0,) * 50, warmup=1), "load": None},
            [f"predict_ms cannot be judged: {NO_RUN}disturbed by other processes; record a baseline on an idle "],
        ),
        (
            {"predict": Measurement((10.0,) * 9, (10.0,) * 9, (0.0,) * 9, warmup=1), "load": None},
            [f"predict_ms cannot be judged: {NO_RUN}of fewer than 10 calls; record a baseline with --coreml-calls"],
        ),
        ({"predict": None, "load": None, "memory_mb": 3.0}, []),
    ],
)
def test_a_baseline_is_usable_where_compare_judges_with_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], facts: dict[str, Any], texts: list[str]
) -> None:
    """The exit status, the command's text and the text of a comparison come from one rule, for every metric."""
    made = {"predict": Measurement(TIMES, TIMES, (0.0,) * 100, warmup=20), **facts}
    before, now = tmp_path / "before.json", tmp_path / "now.json"
    record = report_examples.record(id="test_a.py::test[all]", **made)
    write_report(build_report([record], [report_examples.SPEC], report_examples.MACHINE), before)
    calm = {name: value for name, value in GOOD.items() if made[name] is not None}
    record = report_examples.record(id="test_a.py::test[all]", **{**made, **calm})
    write_report(build_report([record], [report_examples.SPEC], report_examples.MACHINE), now)

    status = main(["baseline", "add", str(before), str(tmp_path / "b"), "--require-usable"])
    added = capsys.readouterr().out
    main(["compare", str(tmp_path / "b"), "--current", str(now)])
    compared = capsys.readouterr().out

    assert status == (3 if texts else 0)
    assert ("cannot be judged" in added) is ("not usable" in " ".join(compared.split())) is bool(texts)
    assert all(text in added for text in texts)


TIMES = tuple(10.0 + 0.01 * (i % 10) for i in range(100))
GOOD: dict[str, Any] = {
    "predict": Measurement(TIMES, TIMES, (0.0,) * 100, warmup=20),
    "load": LoadTimes(load_ms=(100.0,)),
}
