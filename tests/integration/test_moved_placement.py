"""Operations that left the Neural Engine since the baseline."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from standin.scenario import Op

from pytest_coreml.cli import main

if TYPE_CHECKING:
    from mac_project import MacProject

TEST = """
    import pytest

    @pytest.mark.coreml_model("Model.mlpackage")
    @pytest.mark.coreml_compute_units("cpuAndNeuralEngine")
    {marker}
    def test_it(coreml_model): pass
"""
MARKER = '@pytest.mark.coreml_placement(max_moved={"neuralEngine": 0.02})'


@pytest.fixture
def moved(mac_project: MacProject) -> MacProject:
    """A project with a baseline on the Neural Engine, and one operation of three that has left it."""
    mac_project.save()
    mac_project.test(TEST.format(marker=""))
    mac_project.become(default=Op("neuralEngine"))
    mac_project.run("--coreml-calls=30")
    mac_project.report_path.rename(mac_project.path / "base.json")
    mac_project.become(default=Op("neuralEngine"), ops={"y": Op("cpu")})
    return mac_project


@pytest.mark.slow
@pytest.mark.parametrize(("marker", "options"), [(MARKER, []), ("", ["--coreml-moved=0.02"])], ids=["marker", "option"])
def test_more_than_the_limit_is_a_failure(moved: MacProject, marker: str, options: list[str]) -> None:
    """It names the share, the operations, and how to accept it."""
    moved.test(TEST.format(marker=marker))

    result = moved.run("--coreml-baseline=base.json", "--coreml-calls=30", *options)

    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        [
            "*planned cost that left neuralEngine 33.3 %, at most 2.0 %*: planned elsewhere: 1 x relu",
            "  changed: planned on cpu, before on neuralEngine: 1 operation,*",
            "  to accept the new state: *",
        ]
    )


@pytest.mark.slow
def test_compare_judges_finished_reports(moved: MacProject, capsys: pytest.CaptureFixture[str]) -> None:
    """With the same rule; without it, what moved is told and decides nothing."""
    moved.run("--coreml-calls=30")
    words = ["compare", "base.json", "--current", str(moved.report_path)]

    assert main([*words, "--unmeasured=fail"]) == 0
    assert main([*words, "--unmeasured=fail", "--moved=0.02"]) == 1
    assert "planned cost that left neuralEngine" in capsys.readouterr().out


@pytest.mark.slow
def test_without_a_limit_a_green_run_says_it_in_lines_of_its_own(
    moved: MacProject, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """In GitHub Actions it is an annotation on the test; the report has the operation, and `compare` says the same."""
    monkeypatch.setenv("GITHUB_ACTIONS", "true")

    result = moved.run("--coreml-baseline=base.json", "--coreml-calls=30", "--coreml-unmeasured=fail")
    (entry,) = moved.report["tests"]
    words = "planned on cpu, before on neuralEngine: 1 operation, 33.3 % of the cost: y (relu, 33.3 %)"

    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(
        [
            "moved since the baseline; coreml_placement(max_moved=...) or --coreml-moved*",
            "  test_models.py::test_it on cpuAndNeuralEngine: planned on cpu, before on*",
            f"::warning file=*test_models.py,line=3,title=*::{words.replace('%', '%25')}",
        ]
    )
    result.stdout.no_fnmatch_line("note: planned on cpu*")
    (move,) = entry["moved"]
    assert (move["name"], move["before"], move["now"]) == ("y", "neuralEngine", "cpu")
    main(["compare", "base.json", "--current", str(moved.report_path), "--unmeasured=fail"])
    assert f"  moved: {words}\n" in capsys.readouterr().out
    main(["compare", "base.json", "--current", str(moved.report_path), "--format=github"])
    assert f"::{words.replace('%', '%25')}\n" in capsys.readouterr().out


@pytest.mark.slow
def test_without_a_baseline_the_rule_is_not_judged(moved: MacProject) -> None:
    """A test that could judge nothing is skipped."""
    moved.test(TEST.format(marker=MARKER))

    result = moved.run("-rs")

    result.assert_outcomes(skipped=1)
    result.stdout.fnmatch_lines(["*max_moved?neuralEngine?: not_judged*"])
