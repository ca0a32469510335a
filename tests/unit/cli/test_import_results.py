"""`pytest-coreml import`: what is printed and written, and what never is."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from device_files import (
    PERSONAL,
    coremltools_result,
    measured_run,
    metrics,
    save,
    summary,
    summary_device,
    wrapped_devices,
    wrapped_test,
    xcode_report,
)

from pytest_coreml.cli import main
from pytest_coreml.report.document.read import read_report

if TYPE_CHECKING:
    from pathlib import Path


def _run(folder: Path, *files: Any, options: tuple[str, ...] = ()) -> tuple[int, Path]:
    paths = [save(folder, f"{number}.json", file) for number, file in enumerate(files)]
    output = folder / "imported.json"
    return main(["import", *map(str, paths), f"--output={output}", *options]), output


def test_an_imported_report_names_the_clock_and_the_device(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """It is a report like any other, created when the device measured."""
    status, output = _run(tmp_path, xcode_report())

    report = read_report(output)
    assert (status, report.created) == (0, "2026-01-13T12:26:42Z")
    assert report.document["measured_by"] == "xcode"
    assert report.machine["product"] == "iPhone 15 Pro"
    assert report.machine["os"] == {"name": "iOS", "version": "18.5", "build": "22F76"}
    (record,) = report.records
    assert (record.id, record.measured_by, record.model) == ("Encoder.mlpackage", "xcode", None)
    text = capsys.readouterr().out
    assert "Encoder.mlpackage on all: iPhone 15 Pro, iOS 18.5, measured by Xcode" in text
    assert "first load 200 ms" in text


@pytest.mark.parametrize(
    "files",
    [
        (xcode_report(),),
        (metrics(), summary()),
        (wrapped_test(), wrapped_devices()),
        (coremltools_result(),),
    ],
)
def test_personal_details_never_reach_a_report(
    tmp_path: Path, files: tuple[Any, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    """Not the device's identifiers, not the name that its owner gave it, and no home folder."""
    status, output = _run(tmp_path, *files, options=("--model=Encoder.mlpackage", "--compute-units=all"))

    assert status == 0
    assert all(word in json.dumps(files) for word in PERSONAL[:1])
    text = output.read_text() + capsys.readouterr().out.replace(str(tmp_path), "")
    assert [word for word in (*PERSONAL, "/Users") if word in text] == []


def test_devices_are_kept_apart(tmp_path: Path) -> None:
    """Each result names its device where a report has several."""
    _, output = _run(tmp_path, xcode_report(), xcode_report(product="iPad mini", system="iPadOS 18.5"))

    report = read_report(output)
    assert [record.machine for record in report.records] == ["iPhone 15 Pro, iOS 18.5", "iPad mini, iPadOS 18.5"]
    assert [report.get_machine(record)["product"] for record in report.records] == ["iPhone 15 Pro", "iPad mini"]


def test_devices_of_one_kind_and_two_clocks_are_kept_apart(tmp_path: Path) -> None:
    """Another clock is another machine to every comparison."""
    devices = summary(summary_device(model="iPhone 15 Pro"))
    _, output = _run(
        tmp_path,
        xcode_report(),
        metrics(runs=[measured_run()]),
        devices,
        options=("--model=Encoder.mlpackage", "--compute-units=all"),
    )

    report = read_report(output)
    assert "measured_by" not in report.document
    assert [report.get_machine(record)["measured_by"] for record in report.records] == ["xcode", "xctest"]


@pytest.mark.parametrize(
    ("files", "options", "text"),
    [
        ((xcode_report(), xcode_report()), (), "several results on iPhone 15 Pro, iOS 18.5 under all"),
        ((xcode_report(),), ("--model=no/such/Encoder.mlpackage",), "there is no such file or package"),
        ((xcode_report(),), ("--compute-units=ane",), "did you mean 'cpuAndNeuralEngine'?"),
    ],
)
def test_a_mistake_is_one_line_and_writes_nothing(
    tmp_path: Path, files: tuple[Any, ...], options: tuple[str, ...], text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """The exit status is that of a usage error."""
    status, output = _run(tmp_path, *files, options=options)

    error = capsys.readouterr().err
    assert (status, output.exists(), error.count("\n")) == (2, False, 1)
    assert text in error


@pytest.mark.parametrize("clock", ["xcode", "coremltools-remote", None])
def test_times_of_different_clocks_are_never_compared(
    tmp_path: Path, clock: str | None, capsys: pytest.CaptureFixture[str]
) -> None:
    """The same test on the same device is compared only if the same clock has measured it."""
    _, output = _run(tmp_path, xcode_report())
    document = json.loads(output.read_text())
    document["tests"][0]["measured_by"] = clock or "pytest-coreml"
    if clock is None:
        del document["machine"]["measured_by"], document["measured_by"]
    other = save(tmp_path, "other.json", document)
    capsys.readouterr()

    status = main(["compare", str(output), "--current", str(other), "--unmeasured=fail"])

    text = capsys.readouterr().out
    if clock == "xcode":
        assert "1 compared, 0 failed" in text
        assert "not the same machine" not in text
    else:
        assert status == 3
        assert f"not the same machine: clock xcode, now {clock}" in text


def test_an_imported_report_can_be_a_baseline(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Its file in the folder of baselines is named after the device."""
    _, output = _run(tmp_path, xcode_report())

    status = main(["baseline", "add", str(output), str(tmp_path / "baselines")])

    assert status == 0
    (written,) = (tmp_path / "baselines").iterdir()
    assert written.name.startswith("iphone-15-pro-")
    assert read_report(written).records[0].measured_by == "xcode"
