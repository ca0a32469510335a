"""`--coreml-trace`: the timeline of a run."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
import standin_models as models
from standin.scenario import Op

from pytest_coreml.cli import main

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mac_project import MacProject

RUN = ("-p", "no:randomly", "--coreml-calls=10", "--coreml-trace", "--coreml-report")
TEST = """
    import pytest

    @pytest.mark.coreml_model("Linear.mlpackage")
    @pytest.mark.coreml_compute_units("cpuOnly", "all")
    @pytest.mark.coreml_budget(predict_ms=1000)
    def test_linear(coreml_model):
        pass
"""


def document_of(project: pytest.Pytester, name: str) -> dict[str, Any]:
    """Return the document that the run has written."""
    document: dict[str, Any] = json.loads((project.path / name).read_text())
    return document


def events_of(trace: dict[str, Any], process: int, name: str) -> list[dict[str, Any]]:
    """Return the events of a model that have this name."""
    return [e for e in trace["traceEvents"] if e["ph"] == "X" and e["pid"] == process and e["name"] == name]


def milliseconds(events: Iterable[dict[str, Any]]) -> float:
    """Return the sum of durations."""
    return sum(event["dur"] for event in events) / 1e3


def check_compute_lane(trace: dict[str, Any], process: int) -> None:
    """Check that the operations of the model were timed, in a separate prediction."""
    (profile,) = events_of(trace, process, "profile")
    operations = [event for event in trace["traceEvents"] if event.get("cat") == "compute" and event["pid"] == process]
    end = profile["ts"] + profile["dur"]
    # ONNX Runtime makes one node of both operations of the model. The profiler rounds to microseconds.
    assert {event["name"] for event in operations} <= {"linear", "relu"}
    assert {event["args"]["operation"] for event in operations} <= {"y", "linear_0"}
    assert all(profile["ts"] - 1 <= event["ts"] and event["ts"] + event["dur"] <= end + 1 for event in operations)
    assert operations
    assert not any("estimated" in event["args"] for event in operations)


@pytest.mark.slow
@pytest.mark.usefixtures("in_one_process")
def test_the_timeline_has_the_times_of_the_report(project: pytest.Pytester, capsys: pytest.CaptureFixture[str]) -> None:
    """Each model's compilation, loads and measured predictions take as long as the report says; `show` has the sums."""
    project.makepyfile(TEST)

    result = project.runpytest_subprocess(*RUN)
    trace, report = document_of(project, "coreml-trace.json"), document_of(project, "coreml-report.json")
    capsys.readouterr()
    assert main(["show", "--format=trace-summary", "coreml-trace.json"]) == 0
    shown = capsys.readouterr().out

    result.stdout.fnmatch_lines(["Core ML trace: *coreml-trace.json*"])
    assert len(report["tests"]) == 2
    for process, test in enumerate(report["tests"], 1):
        load, predict = test["load"], test["predict"]
        (measure,) = events_of(trace, process, "measure")
        measured = [e for e in events_of(trace, process, "predict") if e["ts"] >= measure["ts"]]
        assert milliseconds(events_of(trace, process, "compile")) == pytest.approx(sum(load["compile_ms"]), abs=1e-4)
        assert milliseconds(events_of(trace, process, "first load")) == pytest.approx(sum(load["first_load_ms"]))
        assert milliseconds(events_of(trace, process, "load")) == pytest.approx(sum(load["load_ms"]), abs=1e-4)
        assert len(measured) == len(predict["native_ms"]) * predict["batch"]
        assert milliseconds(measured) == pytest.approx(sum(predict["native_ms"]) * predict["batch"], abs=1e-3)
        check_compute_lane(trace, process)
        assert f"Linear.mlpackage on {test['compute_units']}" in shown


@pytest.mark.slow
@pytest.mark.usefixtures("plainly")
def test_workers_make_one_timeline(project: pytest.Pytester) -> None:
    """The tests of two workers are in one file, on one clock."""
    project.makepyfile(TEST)

    project.runpytest_subprocess(*RUN, "-n", "2", "--dist=load").assert_outcomes(skipped=2)
    trace = document_of(project, "coreml-trace.json")
    names = [event["args"]["name"] for event in trace["traceEvents"] if event["name"] == "process_name"]

    assert sorted(names) == ["Linear.mlpackage on all", "Linear.mlpackage on cpuOnly"]
    # Both began within the run, whichever was first.
    assert all(0 <= event["ts"] < 120e6 for event in trace["traceEvents"])
    assert {entry["kind"] for entry in trace["summary"]} >= {"compile", "first load", "load", "predict", "inputs"}


@pytest.mark.slow
@pytest.mark.usefixtures("plainly")
def test_on_core_ml_operations_have_estimated_shares(mac_project: MacProject) -> None:
    """The plan's devices and costs divide the last prediction, and are marked as estimated; the plan was read."""
    mac_project.save(models.program_spec(3))
    mac_project.become(default=Op("neuralEngine"), ops={"relu_0": Op("gpu", cost=0.25)})
    mac_project.test(TEST.replace("Linear", "Model"))

    mac_project.run("--coreml-trace").assert_outcomes(passed=2)
    trace = document_of(mac_project.pytester, "coreml-trace.json")
    predict = events_of(trace, 2, "predict")[-1]
    operations = [event for event in trace["traceEvents"] if event.get("cat") == "compute" and event["pid"] == 2]
    on_gpu = [event for event in operations if event["args"]["device"] == "gpu"]

    assert all(event["args"]["estimated"] for event in operations)
    assert sum(event["dur"] for event in operations) == pytest.approx(predict["dur"])
    assert [event["args"]["operation"] for event in on_gpu] == ["relu_0"]
    assert on_gpu[0]["dur"] == pytest.approx(predict["dur"] / 4, abs=2e-3)
    assert len(events_of(trace, 2, "plan")) == 1
    assert {entry["estimated"] for entry in trace["summary"] if entry["lane"] == "compute"} == {True}
