"""A device report judges what the markers of a test declare, as far as it can."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from device_files import conv_and_relu, xcode_report
from report_examples import SPEC

from pytest_coreml.device_reports.device_result import Stated
from pytest_coreml.facts.limits import BoundaryRule, Budget, PlacementRule
from pytest_coreml.session.declaration import Declaration
from pytest_coreml.session.device_judge import DeviceJudge
from pytest_coreml.session.reported_devices import ReportFiles, WantedReports

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from pytest_coreml.session.reported_devices import DeviceReport
    from pytest_coreml.verdict.check import Check


class NoBaseline:
    """Takes the place of the judge of baselines."""

    def judge_device(self, *_: object) -> None:
        """Add nothing."""


def _judge(folder: Path, reports: Sequence[dict[str, Any]], *meanings: object, **changes: Any) -> Mapping[str, Check]:
    for number, report in enumerate(reports):
        (folder / f"{number}.json").write_text(json.dumps(report))
    wanted = WantedReports(("*.json",), "Encoder.mlpackage", None, Stated())
    found: list[DeviceReport] = [
        each.report for each in ReportFiles(folder).for_test(wanted, folder) if each.report is not None
    ]
    declaration = Declaration(
        ("Encoder.mlpackage",),
        None,
        None,
        ("all",),
        tuple(each for each in meanings if isinstance(each, Budget)),
        tuple(each for each in meanings if isinstance(each, PlacementRule)),
        names_model=True,
        boundary_rules=tuple(each for each in meanings if isinstance(each, BoundaryRule)),
        device_reports=("*.json",),
    )
    options: dict[str, Any] = {"units": None, "is_loaded_here": False, **changes}
    judge = DeviceJudge("test_a.py::test_b", 1, declaration, found[0], found, SPEC, **options)
    return {check.check: check for check in judge.judge(NoBaseline()).checks}  # type: ignore[arg-type]  # (a double)


def test_every_time_that_a_report_has_is_judged(tmp_path: Path) -> None:
    """A metric that it lacks, such as memory, is not judged."""
    budget = Budget(
        predict_ms=2.4,
        first_predict_ms=8,
        load_ms=21,
        first_load_ms=199,
        compile_ms=80,
        size_mb=20,
        memory_mb=10,
        min_fps=400,
    )
    checks = _judge(tmp_path, [xcode_report(conv_and_relu())], budget)

    assert {name: check.verdict for name, check in checks.items()} == {
        "predict_ms": "passed",
        "first_predict_ms": "failed",
        "load_ms": "passed",
        "first_load_ms": "failed",
        "compile_ms": "passed",
        "size_mb": "passed",
        "memory_mb": "not_judged",
        "min_fps": "passed",
    }


def test_a_speed_up_is_over_another_report_of_the_device(tmp_path: Path) -> None:
    """A report of another device is not a partner."""
    fast = xcode_report(conv_and_relu(), predict=[0.001] * 12)
    slow = xcode_report(conv_and_relu(), predict=[0.003] * 12, compute_unit=0)
    other = xcode_report(conv_and_relu(), predict=[0.003] * 12, compute_unit=1, product="iPad")
    budget = Budget(min_speedup={"cpuOnly": 2.0, "cpuAndGPU": 2.0})

    checks = _judge(tmp_path, [fast, slow, other], budget)

    assert checks["min_speedup[cpuOnly]"].verdict == "passed"
    assert checks["min_speedup[cpuOnly]"].value == pytest.approx(3.0)
    assert checks["min_speedup[cpuAndGPU]"].verdict == "not_judged"


def test_a_limit_of_other_compute_units_makes_no_check(tmp_path: Path) -> None:
    """The report says which compute units it is of."""
    checks = _judge(tmp_path, [xcode_report(conv_and_relu())], Budget(predict_ms=1, compute_units=("cpuOnly",)))

    assert checks == {}


def test_observations_are_not_judged_by_a_plan(tmp_path: Path) -> None:
    """A report of Xcode says what was planned, and not what was used."""
    rule = PlacementRule(observed={"neuralEngine": True})

    (check,) = _judge(tmp_path, [xcode_report(conv_and_relu())], rule).values()

    assert (check.check, check.verdict) == ("observed[neuralEngine]", "not_judged")


def test_the_boundary_is_that_of_the_model_here(tmp_path: Path) -> None:
    """A model that the test has loaded is judged with its own record."""
    rule, report = BoundaryRule(max_bytes=10), xcode_report(conv_and_relu())

    assert _judge(tmp_path, [report], rule)["max_bytes"].verdict == "failed"
    assert _judge(tmp_path, [report], rule, is_loaded_here=True) == {}
