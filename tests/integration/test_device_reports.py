"""Tests that are judged by device reports, on any system."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from device_files import PERSONAL, conv_and_relu, metrics, save, summary, xcode_report

from pytest_coreml.cli import main
from pytest_coreml.report.document.read import read_report

if TYPE_CHECKING:
    from pathlib import Path

    from scripted_engine import Script

RUN = ("-p", "no:randomly", "-rs", "-v")
HEAD = """
import pytest

pytestmark = pytest.mark.coreml_model("Encoder.mlpackage")
budget, placement = pytest.mark.coreml_budget, pytest.mark.coreml_placement
units, reports = pytest.mark.coreml_compute_units, pytest.mark.coreml_device_report
"""


@pytest.fixture
def perf(pytester: pytest.Pytester, script: Script) -> Path:
    """The folder of device reports of a project with a model."""
    pytester.mkdir("Encoder.mlpackage")
    return pytester.mkdir("perf")


def run(pytester: pytest.Pytester, tests: str, *options: str) -> pytest.RunResult:
    """Run *tests*, with as much indentation as they have here."""
    pytester.makepyfile(HEAD + "\n".join(line[8:] for line in tests.splitlines()))
    return pytester.runpytest_inprocess(*RUN, *options)


def test_budgets_and_placement_rules_are_judged_by_each_report(
    pytester: pytest.Pytester, perf: Path, script: Script
) -> None:
    """Each report of the model is one test; nothing is loaded or measured here."""
    save(perf, "a.json", xcode_report(conv_and_relu()))
    save(perf, "b.json", xcode_report(conv_and_relu(device="cpu"), product="iPad mini", system="iPadOS 18.5"))
    save(perf, "c.json", xcode_report(model="Decoder"))

    result = run(
        pytester,
        """
        @reports("perf/*.json")
        @budget(predict_ms=3, first_load_ms=250, load_ms=25, size_mb=20)
        @placement(min_share={"neuralEngine": 0.9})
        def test_phone(coreml_device_reports):
            assert [each.device for each in coreml_device_reports] == ["iPhone 15 Pro", "iPad mini"]
            assert coreml_device_reports.judged.predict.first_ms == 9.0

        @reports("perf/a.json")
        @budget(predict_ms=2)
        def test_slow(coreml_device_reports): pass
        """,
        "--coreml-report=r.json",
    )

    result.assert_outcomes(passed=1, failed=2)
    result.stdout.fnmatch_lines(
        [
            "*::test_phone?iPhone-15-Pro-all? PASSED*",
            "*::test_phone?iPad-mini-all? FAILED*",
            "*::test_slow?iPhone-15-Pro-all? FAILED*",
            "Encoder.mlpackage on all: planned share on neuralEngine 0.0 %, at least 90.0 %*",
            "  iPad mini, iPadOS 18.5, measured by Xcode",
            "Encoder.mlpackage on all: predict median 2.40 ms, budget 2 ms (+20.0 %)",
            "  9 calls after 3 warm-ups, disturbance unknown, p10-p90 2.08-2.72 ms",
        ]
    )
    report = read_report(pytester.path / "r.json")
    assert [record.measured_by for record in report.records] == ["xcode"] * 3
    assert [report.get_machine(record)["product"] for record in report.records][:2] == ["iPhone 15 Pro", "iPad mini"]
    assert (script.loads, script.count("measured")) == (0, 0)
    assert not any(word in (pytester.path / "r.json").read_text() for word in PERSONAL)


def test_a_report_of_another_version_is_inconclusive(pytester: pytest.Pytester, perf: Path) -> None:
    """The difference is named; the size, which is that of the model here, is judged."""
    save(perf, "a.json", xcode_report(conv_and_relu(convs=13)))
    save(perf, "cut.json", xcode_report(conv_and_relu(2, 0), histogram={"Ios17.conv": 12, "Ios17.relu": 11}))
    tests = """
        @reports("perf/a.json")
        @budget(predict_ms=3, size_mb=20)
        def test_phone(coreml_device_reports): pass

        @reports("perf/cut.json")
        @placement(forbid="cpu")
        def test_cut(coreml_device_reports): pass
        """

    result = run(pytester, tests)

    result.assert_outcomes(skipped=2)
    result.stdout.fnmatch_lines(
        [
            "*predict_ms: inconclusive: measured with another version of the model: 13 x conv, in the model 12;*",
            "*forbid?cpu?: inconclusive: the report lists 2 of the model's 23 operations;*",
        ]
    )
    run(pytester, tests, "--coreml-inconclusive=fail").assert_outcomes(failed=2)


def test_what_cannot_be_judged_by_is_a_failure_with_the_reason(pytester: pytest.Pytester, perf: Path) -> None:
    """A test whose report is missing, damaged or of another model is not green, and the other tests go on.

    Each is in the report, by which `compare` counts it, and so is one that fails in its body.
    """
    save(perf, "other.json", xcode_report(model="Decoder"))
    save(perf, "encoder.json", xcode_report(conv_and_relu()))
    (perf / "damaged.json").write_text('{"jsonVersion": 1, "deviceResults"')

    result = run(
        pytester,
        """
        @reports("perf/none-*.json")
        @budget(predict_ms=3)
        def test_missing(coreml_device_reports): pass

        @reports("perf/other.json")
        @budget(predict_ms=3)
        def test_other(coreml_device_reports): pass

        @reports("perf/damaged.json")
        @budget(predict_ms=3)
        def test_damaged(coreml_device_reports): pass

        @reports("perf/gone-*.json")
        @budget(predict_ms=3, size_mb=20)
        def test_model_without_report(coreml_model): pass

        @reports("perf/encoder.json")
        @budget(predict_ms=3)
        def test_body(coreml_device_reports): assert not coreml_device_reports
        """,
        "--coreml-report=r.json",
    )

    result.assert_outcomes(failed=5)
    result.stdout.fnmatch_lines(
        [
            "coreml_device_report: no file is named 'perf/none-?.json'; looked in *",
            "*'perf/other.json' is of Encoder.mlpackage; they are of Decoder.mlpackage",
            "*damaged.json: not JSON: *",
            "coreml_device_report: no file is named 'perf/gone-?.json'; looked in *",
        ]
    )
    tests = {
        test["id"].partition("::")[2]: test for test in json.loads((pytester.path / "r.json").read_text())["tests"]
    }
    assert {id_: (test["outcome"], test["model"] is None) for id_, test in tests.items()} == {
        "test_missing[no-report]": ("failed", True),
        "test_other[no-report]": ("failed", True),
        "test_damaged[unreadable]": ("failed", True),
        "test_model_without_report[no-report-all]": ("failed", False),
        "test_body[iPhone-15-Pro-all]": ("failed", False),
    }
    assert tests["test_body[iPhone-15-Pro-all]"]["measured_by"] == "xcode"


def test_a_test_with_the_model_has_both_clocks(pytester: pytest.Pytester, perf: Path) -> None:
    """Outputs are of this machine, budgets of the report; other compute units than the report's are not judged."""
    save(perf, "a.json", xcode_report(conv_and_relu()))

    result = run(
        pytester,
        """
        @reports("perf/a.json")
        @units("all", "cpuOnly")
        @budget(predict_ms=3)
        def test_phone(coreml_model):
            coreml_model.predict({})
        """,
        "--coreml-report=r.json",
    )

    result.assert_outcomes(passed=1, skipped=1)
    result.stdout.fnmatch_lines(["*the report was measured on all, and this test is for cpuOnly*"])
    report = read_report(pytester.path / "r.json")
    assert sorted(record.measured_by for record in report.records) == ["pytest-coreml"] * 2 + ["xcode"] * 2
    assert {record.machine for record in report.records} == {None, "iPhone 15 Pro, iOS 18.5, xcode"}


def test_sources_and_reports_make_one_test_each(pytester: pytest.Pytester, perf: Path) -> None:
    """A source with its own id and limit keeps both, beside another one of the same file."""
    save(perf, "a.json", xcode_report(conv_and_relu()))
    save(perf, "b.json", xcode_report(conv_and_relu(), product="iPad mini"))

    result = run(
        pytester,
        """
        strict = pytest.param("Encoder.mlpackage", id="strict", marks=budget(predict_ms=1))

        @pytest.mark.coreml_model("Encoder.mlpackage", strict)
        @reports("perf/*.json")
        @budget(predict_ms=3)
        def test_phone(coreml_device_reports): pass
        """,
    )

    result.assert_outcomes(passed=2, failed=2)
    result.stdout.fnmatch_lines(
        [
            "*?Encoder-iPhone-15-Pro-all? PASSED*",
            "*?Encoder-iPad-mini-all? PASSED*",
            "*?strict-iPhone-15-Pro-all? FAILED*",
            "*?strict-iPad-mini-all? FAILED*",
        ]
    )


def test_raw_metrics_of_xctest_are_those_of_the_test(pytester: pytest.Pytester, perf: Path) -> None:
    """The markers state the model and the compute units; the summary beside the metrics names the device."""
    save(perf, "metrics.json", metrics())
    save(perf, "summary.json", summary())

    result = run(
        pytester,
        """
        @reports("perf/*.json")
        @units("cpuAndNeuralEngine")
        @budget(predict_ms=2.5)
        def test_phone(coreml_device_reports): pass
        """,
    )

    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        [
            "*::test_phone?iPhone-16e-cpuAndNeuralEngine? FAILED*",
            "Encoder.mlpackage on cpuAndNeuralEngine: predict median 3 ms, budget 2.50 ms (+20.0 %)",
            "  iPhone 16e, iOS 26.1, measured by XCTest",
        ]
    )


def _series(milliseconds: float) -> list[float]:
    """Return the predictions of three experiments of 40 each, in seconds."""
    return [milliseconds * (1 + 0.001 * (number % 10)) / 1000 for number in range(120)]


def test_baselines_and_imported_reports_work_together(
    pytester: pytest.Pytester, perf: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A report of ours is judged like Xcode's own file, and a slower one fails against the baseline."""

    def record(milliseconds: float) -> None:
        report: dict[str, Any] = xcode_report(conv_and_relu(), predict=_series(milliseconds))
        report["deviceResults"]["perfRunConfig"]["predictionCount"] = 40
        raw = save(pytester.path, "raw.json", report)
        assert main(["import", str(raw), f"--output={perf / 'phone.json'}"]) == 0

    tests = """
        @reports("perf/*.json")
        def test_phone(coreml_device_reports): pass
        """
    idle = ("--coreml-unmeasured=fail", "--coreml-inconclusive=fail")
    record(2.0)
    run(pytester, tests, "--coreml-report=base.json").assert_outcomes(passed=1)
    document = json.loads((pytester.path / "base.json").read_text())
    save(pytester.path, "base2.json", {**document, "created": "2026-01-01T00:00:00Z"})

    baseline = ("--coreml-baseline=base.json", "--coreml-baseline=base2.json")
    run(pytester, tests, *baseline, *idle).assert_outcomes(passed=1)
    record(4.0)
    slower = run(pytester, tests, *baseline, *idle, "--coreml-report=slower.json")

    slower.assert_outcomes(failed=1)
    slower.stdout.fnmatch_lines(["*Encoder.mlpackage on all: *+100.0 %*"])
    capsys.readouterr()
    base, current = (str(pytester.path / name) for name in ("base.json", "slower.json"))
    assert main(["compare", base, "--current", current, "--unmeasured=fail"]) != 0
    assert "+100.0 %" in capsys.readouterr().out


def test_mistakes_are_usage_errors(pytester: pytest.Pytester, perf: Path) -> None:
    """All of them at once, at collection."""
    result = run(
        pytester,
        """
        @pytest.mark.coreml_device_report()
        def test_a(coreml_device_reports): pass

        @pytest.mark.coreml_device_report(3)
        def test_b(coreml_device_reports): pass

        @reports("perf/*.json")
        @pytest.mark.coreml_variants("int8")
        def test_c(coreml_device_reports): pass

        @reports("perf/*.json")
        @pytest.mark.coreml_agreement(reference="Old.mlpackage", min_psnr=40)
        def test_d(coreml_device_reports): pass
        """,
    )

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(
        [
            "*coreml_device_report: expected at least one path*",
            "*coreml_device_report: a pattern: expected a path, which may have wildcards, got 3",
            "*coreml_device_report: a report is of one model: leave out coreml_variants",
            "*coreml_agreement compares outputs, which no report contains: add coreml_model*",
        ]
    )
