"""Under pytest-xdist: workers send data, and the controller makes one report and one summary of it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from standin.scenario import Times

if TYPE_CHECKING:
    from mac_project import MacProject

RUN = ("-p", "no:randomly", "--coreml-calls=10", "--coreml-report")
TEST = """
    import os
    import pytest

    @pytest.mark.coreml_model("Linear.mlpackage")
    @pytest.mark.coreml_compute_units("cpuOnly", "all")
    def test_linear(coreml_model):
        pass
"""


pytestmark = pytest.mark.usefixtures("plainly")


def report_of(project: pytest.Pytester) -> dict[str, Any]:
    """Return the report that the run has written."""
    report: dict[str, Any] = json.loads((project.path / "coreml-report.json").read_text())
    return report


@pytest.mark.slow
def test_workers_send_their_records_to_the_one_report(project: pytest.Pytester) -> None:
    """The report has the records of all workers, all on one machine, and there is one summary."""
    project.makepyfile(TEST)

    result = project.runpytest_subprocess(*RUN, "-n", "2")
    report = report_of(project)

    result.assert_outcomes(passed=2)
    assert result.stdout.str().count("Core ML report:") == 1
    assert {(entry["compute_units"], entry["machine"]) for entry in report["tests"]} == {
        ("cpuOnly", None),
        ("all", None),
    }
    assert "machines" not in report


@pytest.mark.slow
@pytest.mark.parametrize(
    ("arguments", "mark", "alone"),
    [
        (("-n", "2"), "", False),
        (("-n", "2"), "@pytest.mark.coreml_budget(load_ms=60_000)", True),
        (("-n", "1"), "", True),
        (("--dist=each", "--tx=2*popen"), "", True),
    ],
    ids=["reported only", "judged", "one worker", "each on its machine"],
)
def test_loads_take_turns_where_they_are_judged_or_it_costs_nothing(
    project: pytest.Pytester, arguments: tuple[str, ...], mark: str, alone: bool
) -> None:
    """Two workers load concurrently, and the report and the summary say so, unless a budget is about loading."""
    project.makepyfile(f"""
        import pytest

        {mark}
        @pytest.mark.coreml_model("Linear.mlpackage")
        def test_linear(coreml_model):
            pass
        """)

    result = project.runpytest_subprocess(*RUN, *arguments)

    assert {entry["load"]["alone"] for entry in report_of(project)["tests"]} == {alone}
    assert ("workers loaded concurrently" in result.stdout.str()) is not alone


@pytest.mark.slow
def test_each_measurement_names_its_machine(project: pytest.Pytester) -> None:
    """With `--dist=each` the one report has every test once for each machine, under names that tell them apart."""
    project.makepyfile(TEST.replace('"cpuOnly", ', ""))

    result = project.runpytest_subprocess(*RUN, "--dist=each", "--tx=2*popen")
    report = report_of(project)

    result.assert_outcomes(passed=2)
    assert {entry["machine"] for entry in report["tests"]} == set(report["machines"])
    assert sorted(name[-5:] for name in report["machines"]) == ["(gw0)", "(gw1)"]


@pytest.mark.slow
def test_a_speed_up_over_what_another_worker_measured_is_judged_at_the_end(mac_project: MacProject) -> None:
    """Neither worker can judge it; the controller fails the run, and the report has the verdict."""
    mac_project.save()
    mac_project.become(
        times_by_units={"ALL": Times(predict_ns=(1_000_000,)), "CPU_ONLY": Times(predict_ns=(1_500_000,))}
    )
    test = """
        import pytest

        pytestmark = pytest.mark.coreml_model("Model.mlpackage")

        {mark}
        def test_it({fixture}):
            {fixture}.measure()
    """
    mac_project.pytester.makepyfile(
        test_fast=test.format(mark="@pytest.mark.coreml_budget(min_speedup={'cpuOnly': 2})", fixture="coreml_all"),
        test_slow=test.format(mark="", fixture="coreml_cpu_only"),
    )

    result = mac_project.run("-n", "2", "--dist=loadfile")
    tests = {entry["id"]: entry for entry in mac_project.report["tests"]}
    (check,) = tests["test_fast.py::test_it"]["checks"]

    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.stdout.fnmatch_lines(["*test_fast.py::test_it failed after its end, by what a later test measured"])
    assert tests["test_fast.py::test_it"]["outcome"] == "failed"
    assert (check["verdict"], check["value"]) == ("failed", 1.5)


@pytest.mark.slow
def test_a_worker_that_dies_loses_the_test_it_ran(project: pytest.Pytester) -> None:
    """The report has its earlier measurements, and those of another worker after it."""
    project.makepyfile(TEST + "\n    def test_death():\n        os._exit(1)\n\n    def test_last():\n        pass\n")

    result = project.runpytest_subprocess(*RUN, "-n", "1")

    result.assert_outcomes(passed=3, failed=1)
    result.stdout.fnmatch_lines(["*worker 'gw0' crashed while running '*::test_death'*"])
    assert [entry["outcome"] for entry in report_of(project)["tests"]] == ["passed", "passed"]
