"""Device reports are found by patterns, read once, and told from each other in test ids."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from device_files import coremltools_result, save, xcode_report
from report_examples import MACHINE, SHA256, SPEC, record

from pytest_coreml.cli import main
from pytest_coreml.device_reports.device_result import Stated
from pytest_coreml.report.document.build import build_report
from pytest_coreml.session import reported_devices
from pytest_coreml.session.reported_devices import ReportFiles, ReportOfTest, WantedReports

if TYPE_CHECKING:
    from pathlib import Path

WANTED = WantedReports(("*.json",), "Encoder.mlpackage", None, Stated("Encoder.mlpackage"))


def _find(folder: Path, wanted: WantedReports = WANTED) -> list[ReportOfTest]:
    return ReportFiles(folder).for_test(wanted, folder)


def test_reports_of_other_models_are_kept_apart(tmp_path: Path) -> None:
    """The name in a report may lack the suffix; a name with a dot has none."""
    save(tmp_path, "a.json", xcode_report())
    save(tmp_path, "b.json", xcode_report(model="Encoder.v2"))

    (found,) = _find(tmp_path)

    assert (found.word, found.problem) == ("iPhone-15-Pro-all", None)
    (renamed,) = _find(tmp_path, replace(WANTED, model="Encoder.v2.mlmodelc"))
    assert renamed.report is not None
    assert renamed.report.model_name == "Encoder.v2.mlpackage"
    assert len(_find(tmp_path, replace(WANTED, model=None))) == 2


@pytest.mark.parametrize(
    ("first", "second", "words"),
    [
        (
            xcode_report(),
            xcode_report(compute_unit=0),
            ["iPhone-15-Pro-all", "iPhone-15-Pro-cpuOnly"],
        ),
        (
            xcode_report(),
            xcode_report(system="iOS 26.1"),
            ["iPhone-15-Pro-iOS-18.5-all", "iPhone-15-Pro-iOS-26.1-all"],
        ),
        (
            xcode_report(product="iPhone", compute_unit=3),
            coremltools_result(),
            [
                "iPhone-iOS-18.5-xcode-cpuAndNeuralEngine",
                "iPhone-iOS-18.5-coremltools-remote-cpuAndNeuralEngine",
            ],
        ),
        (
            xcode_report(),
            xcode_report(),
            ["iPhone-15-Pro-iOS-18.5-xcode-0-all", "iPhone-15-Pro-iOS-18.5-xcode-1-all"],
        ),
    ],
)
def test_a_test_id_has_what_tells_reports_apart(
    tmp_path: Path, first: dict[str, object], second: dict[str, object], words: list[str]
) -> None:
    """The device, then the system, the clock and the file, as far as they are needed."""
    save(tmp_path, "0.json", first)
    save(tmp_path, "1.json", second)

    assert sorted(found.word for found in _find(tmp_path)) == sorted(words)


def test_a_report_of_another_mac_is_a_device_report(tmp_path: Path) -> None:
    """Its clock is ours; what the reference runtime measured is of no device."""
    there, stand_in = record(runtime="coreml"), record(runtime="reference", id="test_b.py::test_b")
    document = build_report([there, stand_in], [SPEC], MACHINE)
    save(tmp_path, "mac.json", document)

    (found,) = _find(tmp_path)

    assert found.report is not None
    assert (found.report.device, found.report.measured_by) == ("Apple M4 Pro", "pytest-coreml")
    assert found.report.record.reported_model is not None
    assert found.report.record.reported_model.operations == SPEC.operations
    assert found.report.record.model == SHA256


def test_an_imported_report_is_what_it_was_imported_from(tmp_path: Path) -> None:
    """Judging by the one or the other file makes no difference."""
    raw = save(tmp_path, "raw", xcode_report())
    assert main(["import", str(raw), f"--output={tmp_path / 'ours'}"]) == 0

    (first,), (second,) = (_find(tmp_path, replace(WANTED, patterns=(name,))) for name in ("raw", "ours"))

    assert first.report is not None
    assert second.report is not None
    assert second.report.record == first.report.record
    assert second.report.machine == first.report.machine


def test_a_file_is_read_once_in_a_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Many tests may name the same reports."""
    save(tmp_path, "a.json", xcode_report())
    files = ReportFiles(tmp_path)
    files.for_test(WANTED, tmp_path)
    monkeypatch.setattr(reported_devices, "read_group", lambda *_: pytest.fail("read again"))

    assert len(files.for_test(WANTED, tmp_path)) == 1


def test_a_report_of_ours_without_measurements_is_a_problem(tmp_path: Path) -> None:
    """It would judge nothing, and look as if it did."""
    document = build_report([], [], MACHINE)
    path = save(tmp_path, "empty.json", json.loads(json.dumps(document)))

    (found,) = _find(tmp_path)

    assert found.problem == f"{path}: contains no measurement of Core ML"
