"""`--coreml-baseline`: what a user sees of a model that became slower, larger, or stayed as it was.

The engines are scripted, so that no machine can blur the outcome, but in the last test.
"""

from __future__ import annotations

import copy
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from pytest_coreml.facts.measurement import LoadTimes
from pytest_coreml.facts.placement import Operation, Placement
from pytest_coreml.report.document.codec import encode_placement

if TYPE_CHECKING:
    from scripted_engine import Script

RUN = ("-p", "no:randomly", "--coreml-runtime=reference", "-rs")
TEST = """
    import pytest

    @pytest.mark.coreml_model("Linear.mlpackage")
    def test_linear(coreml_model):
        coreml_model.measure(calls=40)
"""


Baseline = Callable[..., None]


@pytest.fixture
def baseline(pytester: pytest.Pytester, script: Script, monkeypatch: pytest.MonkeyPatch) -> Baseline:
    """A project whose baseline of three runs at 10 ms is in `baselines`; call it to change what the runs say."""
    # No line of the summary is to be cut.
    monkeypatch.setenv("COLUMNS", "200")
    pytester.makepyfile(test_model=TEST)
    pytester.mkdir("Linear.mlpackage")
    folder = pytester.mkdir("baselines")
    pytester.runpytest_inprocess(*RUN, "--coreml-report=first.json").assert_outcomes(passed=1)
    recorded = json.loads((pytester.path / "first.json").read_text())

    def write(change: Callable[[dict[str, Any]], object] = lambda report: None) -> None:
        document = copy.deepcopy(recorded)
        change(document)
        for run in range(3):
            document["created"] = f"2026-01-0{run + 1}T00:00:00Z"
            (folder / f"{run}.json").write_text(json.dumps(document))

    write()
    return write


def test_an_unchanged_model_passes(pytester: pytest.Pytester, baseline: Baseline, script: Script) -> None:
    """The summary and the report say how it compares."""
    result = pytester.runpytest_inprocess(*RUN, "--coreml-baseline=baselines", "--coreml-report=now.json")
    (test,) = json.loads((pytester.path / "now.json").read_text())["tests"]

    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(
        ["against the baseline: *test_linear*: p10 10.0 ms vs 10.0 ms, +0.0 %*, 3 baseline runs: ok"]
    )
    assert test["regression"]["verdict"] == "passed"
    assert test["regression"]["runs"] == 3
    assert test["regression"]["processes"] == 1


def test_a_slower_model_fails_when_a_fresh_engine_confirms_it(
    pytester: pytest.Pytester, baseline: Baseline, script: Script
) -> None:
    """The failure has effect, least effect, undisturbed calls, baseline runs, and the command that accepts it; the
    table counts it."""
    script.times = (12.0,)

    result = pytester.runpytest_inprocess(*RUN, "--coreml-baseline=baselines")

    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        [
            (
                "*Encoder.mlpackage on all: p10 12.0 ms vs 10.0 ms, +20.0 % (99 % lower bound +16.* %), 40 of 40 calls "
                "undisturbed, 3 baseline runs: REGRESSED, confirmed in 2 processes"
            ),
            (
                "*accept the new state: pytest *test_linear* --coreml-runtime=reference --coreml-report && "
                "pytest-coreml baseline add --replace coreml-report.json baselines"
            ),
            "  all *1 FAILED",
        ]
    )


@pytest.mark.slow
@pytest.mark.parametrize("label", ["to accept the new state", "to see every value"])
def test_the_commands_of_a_model_file_can_be_run(
    pytester: pytest.Pytester, baseline: Baseline, script: Script, label: str
) -> None:
    """From the folder in which pytest was started."""
    run = (*RUN, "New encoder.mlpackage", "--coreml-calls=40")
    pytester.mkdir("New encoder.mlpackage")
    pytester.runpytest_inprocess(*run, "--coreml-report=model.json").assert_outcomes(passed=1)
    (pytester.path / "model.json").rename(pytester.path / "baselines" / "model.json")
    script.times = (12.0,)
    result = pytester.runpytest_inprocess(*run, "--coreml-baseline=baselines")
    command = next(line for line in result.outlines if label in line).partition(f"{label}: ")[2]

    done = pytester.run("sh", "-c", f"PATH={Path(sys.executable).parent}:$PATH; {command}")

    assert done.ret == 0
    (test,) = json.loads((pytester.path / "coreml-report.json").read_text())["tests"]
    assert test["id"] == "New encoder.mlpackage::all"


def test_one_slow_process_is_luck(pytester: pytest.Pytester, baseline: Baseline, script: Script) -> None:
    """A fresh engine that is as fast as before clears the model."""
    script.times = (12.0, 10.0)

    pytester.runpytest_inprocess(*RUN, "--coreml-baseline=baselines").assert_outcomes(passed=1)

    # The run that recorded the baseline, the slow one, and the fresh engine.
    assert script.count("measured") == 3


def test_three_processes_decide_at_most(pytester: pytest.Pytester, baseline: Baseline, script: Script) -> None:
    """Where other processes hold the CPU throughout, three runs are made, and no run is called ok."""
    script.times, script.waiting = (30.0,), 0.5

    result = pytester.runpytest_inprocess(*RUN, "--coreml-baseline=baselines", "--coreml-report=now.json")
    (test,) = json.loads((pytester.path / "now.json").read_text())["tests"]

    result.assert_outcomes(skipped=1)
    result.stdout.fnmatch_lines(
        ["*against the baseline: CANNOT TELL: other processes held the CPU during 40 of 40 calls*run again*"]
    )
    assert test["regression"]["processes"] == 3
    assert test["regression"]["verdict"] == "inconclusive"


def test_inconclusive_can_fail(pytester: pytest.Pytester, baseline: Baseline, script: Script) -> None:
    """With `--coreml-inconclusive=fail` what cannot be told is a failure."""
    script.times, script.waiting = (30.0,), 0.5

    result = pytester.runpytest_inprocess(*RUN, "--coreml-baseline=baselines", "--coreml-inconclusive=fail")

    result.assert_outcomes(failed=1)


def test_a_test_that_the_baseline_lacks_is_not_green(
    pytester: pytest.Pytester, baseline: Baseline, script: Script
) -> None:
    """A renamed test would be compared with nothing for ever; it is skipped with the command that helps."""
    baseline(lambda report: report["tests"][0].update(id="test_gone.py::test_gone[all]"))

    result = pytester.runpytest_inprocess(*RUN, "--coreml-baseline=baselines")

    result.assert_outcomes(skipped=1)
    result.stdout.fnmatch_lines(["*the baseline has no run of this test*pytest-coreml baseline add*"])


def test_another_version_takes_nothing_from_the_baseline(
    pytester: pytest.Pytester, baseline: Baseline, script: Script
) -> None:
    """A model that is slower than finished runs, and as fast as the version that it is interleaved with, fails."""
    script.times = (12.0,)
    pytester.mkdir("Old.mlpackage")

    result = pytester.runpytest_inprocess(
        *RUN, "--coreml-baseline=baselines", "--coreml-against=Old.mlpackage", "--coreml-report=now.json"
    )
    (test,) = json.loads((pytester.path / "now.json").read_text())["tests"]

    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        [
            "*3 baseline runs: REGRESSED*",
            "*accept the new state: *",
            "against the other version: *of Old.mlpackage*: ok",
        ]
    )
    assert (test["regression"]["verdict"], test["duet"]["verdict"]) == ("failed", "passed")


def test_a_slower_version_is_told_beside_the_baseline(
    pytester: pytest.Pytester, baseline: Baseline, script: Script
) -> None:
    """The baseline is content, and no new one would help."""
    script.slower = {"Linear.mlpackage": 1.2}
    pytester.mkdir("Old.mlpackage")

    result = pytester.runpytest_inprocess(
        *RUN, "--coreml-baseline=baselines", "--coreml-against=Old.mlpackage", "--junitxml=junit.xml"
    )

    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*vs 10 ms of Old.mlpackage, +20.0 %*REGRESSED*", "against the baseline: *: ok"])
    result.stdout.no_fnmatch_line("*accept the new state*")
    junit = (pytester.path / "junit.xml").read_text()
    assert 'name="coreml_regression[all]" value="passed"' in junit
    assert 'name="coreml_duet[all]" value="failed"' in junit


def test_a_test_that_the_baseline_lacks_is_listed_beside_another_version(
    pytester: pytest.Pytester, baseline: Baseline
) -> None:
    """It passes by the comparison that could be made, and the other one is not forgotten."""
    baseline(lambda report: report["tests"][0].update(id="test_gone.py::test_gone[all]"))
    pytester.mkdir("Old.mlpackage")

    result = pytester.runpytest_inprocess(*RUN, "--coreml-baseline=baselines", "--coreml-against=Old.mlpackage")

    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(["not judged", "*the baseline has no run of this test*"])


def test_times_of_another_machine_are_not_compared(
    pytester: pytest.Pytester, baseline: Baseline, script: Script
) -> None:
    """The difference is named."""
    baseline(lambda report: report["machine"].update(chip="Apple M1"))

    result = pytester.runpytest_inprocess(*RUN, "--coreml-baseline=baselines")

    result.assert_outcomes(skipped=1)
    result.stdout.fnmatch_lines(["*CANNOT TELL: not the same machine: chip Apple M1, now *"])


def test_a_larger_model_fails(pytester: pytest.Pytester, baseline: Baseline, script: Script) -> None:
    """One byte more than the baseline is a failure, on any machine, and the size stands beside the changes."""

    def smaller(report: dict[str, Any]) -> None:
        (model,) = report["models"].values()
        model["size_bytes"] -= 1
        model["operations"] = {"conv": 13, "relu": 11}

    baseline(smaller)

    result = pytester.runpytest_inprocess(*RUN, "--coreml-baseline=baselines")

    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        ["*size against the baseline * MB, at most * MB*: 1 byte more", "*changed: operations: conv 13 -> 12"]
    )


def test_the_ini_file_has_a_twin(pytester: pytest.Pytester, baseline: Baseline, script: Script) -> None:
    """One path a line, relative to the file."""
    script.times = (12.0,)
    pytester.makeini("[pytest]\ncoreml_baseline =\n    baselines/0.json\n    baselines/1.json\n")

    result = pytester.runpytest_inprocess(*RUN)

    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*2 baseline runs: REGRESSED*"])


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("none.json", None, "cannot read the report*none.json*No such file"),
        ("bad.json", "[" * 1000, "bad.json: *"),
        ("new.json", '{"schema_version": 99}', "new.json: written in report format 99*upgrade"),
    ],
)
def test_what_is_no_baseline_is_a_usage_error(
    pytester: pytest.Pytester, name: str, content: str | None, words: str
) -> None:
    """It is said before a test runs, in one line."""
    pytester.makepyfile("def test_other(): pass")
    if content is not None:
        (pytester.path / name).write_text(content)

    result = pytester.runpytest_inprocess("--coreml-baseline", name)

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([f"ERROR: the baseline cannot be used: *{words}*"])


# Workers load beside each other, and are no baseline for loads.
@pytest.mark.usefixtures("in_one_process")
def test_loads_that_take_three_times_as_long_fail(
    pytester: pytest.Pytester, baseline: Baseline, script: Script
) -> None:
    """Load times move by 40 % between runs without a cause, and by 200 % for one."""
    script.load = LoadTimes((30.0,), (550.0,), (303.0, 301.0))

    result = pytester.runpytest_inprocess(*RUN, "--coreml-baseline=baselines")

    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*load against the baseline 301 ms, at most 150 ms (+100.7 %)*: against 3 baseline*"])
    result.stdout.no_fnmatch_line("*first load against the baseline*")
    # The run that recorded the baseline, this one, and a fresh engine.
    assert script.loads == 1 + 2


def test_operations_that_moved_are_named(pytester: pytest.Pytester, baseline: Baseline, script: Script) -> None:
    """A move alone is not a failure; the summary and the report have it."""
    before = Operation("y", "conv", "neuralEngine", ("cpu", "neuralEngine"), 0.75, "main")
    baseline(lambda report: report["tests"][0].update(placement=encode_placement(Placement((before,)))))
    script.placement = Placement((Operation("y", "conv", "cpu", ("cpu",), 0.8, "main"),))

    result = pytester.runpytest_inprocess(*RUN, "--coreml-baseline=baselines", "--coreml-report=now.json")
    (test,) = json.loads((pytester.path / "now.json").read_text())["tests"]

    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(["moved since the baseline; *", "  *: planned on cpu, before on neuralEngine: 1*"])
    assert test["moved"] == [
        {"name": "y", "operator": "conv", "before": "neuralEngine", "now": "cpu", "cost": pytest.approx(0.8)}
    ]
    assert test["notes"] == []


@pytest.mark.slow
def test_real_engines_agree_with_a_generous_tolerance(project: pytest.Pytester) -> None:
    """Recorded and judged by engine processes: within a factor of a thousand, whatever the machine does, nothing
    fails."""
    project.makepyfile(test_model=TEST)
    project.runpytest_inprocess(*RUN, "--coreml-report=first.json").assert_outcomes(passed=1)

    result = project.runpytest_inprocess(
        *RUN, "--coreml-baseline=first.json", "--coreml-tolerance=1000", "--coreml-report"
    )
    (test,) = json.loads((project.path / "coreml-report.json").read_text())["tests"]

    assert result.parseoutcomes().get("failed") is None
    assert test["regression"]["verdict"] in ("passed", "inconclusive")
    assert {check["check"] for check in test["checks"]} >= {"regression[load_ms]", "regression[size_mb]"}
