"""The facts and the condition of a machine are in the report and in the verdicts."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from standin.commands import HOSTED_RUNNER, ON_BATTERY
from standin.scenario import Failure

if TYPE_CHECKING:
    from mac_project import MacProject

TEST = """
    import pytest

    pytestmark = pytest.mark.coreml_model("Model.mlpackage")

    @pytest.mark.coreml_budget(predict_ms=300)
    def test_time(coreml_model): pass

    @pytest.mark.coreml_compute_units("cpuAndNeuralEngine", "cpuOnly")
    def test_units(coreml_model): pass

    def test_factory(coreml_load):
        assert coreml_load("Model.mlpackage").compute_units in ("all", "cpuOnly")
"""


@pytest.mark.slow
def test_the_report_tells_of_the_mac_and_of_nobody(mac_project: MacProject) -> None:
    """All facts that decide on speed are there; what tells one Mac from another of its kind is not."""
    mac_project.save()
    mac_project.tell(battery=ON_BATTERY, low_power_mode=1, gpu='"model" = "Apple M4 Pro"\n"IOSerial" = "C02XK1ZZJGH5"')
    mac_project.test(TEST)

    mac_project.run()
    machine = mac_project.report["machine"]

    assert (machine["chip"], machine["model_identifier"]) == ("Apple M4 Pro", "Mac16,8")
    assert machine["cores"] == {"total": 14, "performance": 10, "efficiency": 4, "physical": 14}
    assert machine["memory_bytes"] == 24 * 2**30
    assert machine["os"] == {"name": "macOS", "version": "26.5.1", "build": "25F80"}
    assert (machine["virtual"], machine["rosetta"], machine["representative"]) == (False, False, True)
    assert (machine["power_source"], machine["low_power_mode"]) == ("Battery Power", True)
    assert machine["thermal"] == {"before": "nominal", "after": "nominal"}
    assert machine["memory_pressure"] == {"before": "normal", "after": "normal"}
    assert machine["swap_bytes"] == {"before": 1_070_858_240, "after": 1_070_858_240}
    assert [device["device"] for device in machine["devices"]] == ["cpu", "gpu", "neuralEngine"]
    for private in ("C02XK1ZZJGH5", "22413411", str(mac_project.path)):
        assert private not in mac_project.report_path.read_text()


@pytest.mark.slow
def test_a_virtual_mac_runs_what_it_is_fit_for(mac_project: MacProject) -> None:
    """cpuOnly by default; other units are skipped with the reason; times are not judged."""
    mac_project.save()
    mac_project.tell(sysctl=HOSTED_RUNNER)
    mac_project.test(TEST)

    result = mac_project.run("-rs")
    ids = [entry["id"] for entry in mac_project.report["tests"]]

    result.assert_outcomes(passed=2, skipped=2)
    assert "test_models.py::test_time[cpuOnly]" in ids
    result.stdout.fnmatch_lines_random(
        [
            "*cpuAndNeuralEngine on a virtual Mac (VirtualMac2,1): it has no Neural Engine*--coreml-runtime=coreml*",
            "*predict_ms: not_judged: a virtual Mac (VirtualMac2,1)*--coreml-runtime=coreml judges it*",
        ]
    )
    assert {call["units"] for call in mac_project.journal("load")} == {"CPU_ONLY"}


@pytest.mark.slow
def test_a_virtual_mac_does_what_it_is_told(mac_project: MacProject) -> None:
    """With the runtime named, named units run and times are judged."""
    mac_project.save()
    mac_project.tell(sysctl=HOSTED_RUNNER)
    mac_project.test(TEST)

    result = mac_project.run("--coreml-runtime=coreml")

    result.assert_outcomes(passed=4)
    assert {call["units"] for call in mac_project.journal("load")} == {"CPU_ONLY", "CPU_AND_NE"}


@pytest.mark.slow
def test_a_virtual_mac_judges_outputs_and_names_a_stall(mac_project: MacProject) -> None:
    """Agreement and health are judged, times are marked; a load that hangs ends at a separate limit."""
    mac_project.save()
    mac_project.tell(sysctl=HOSTED_RUNNER)
    mac_project.test(
        """
        import numpy as np
        import pytest

        def expected(inputs):
            return {"y": np.array([[0, 0.125, 0.25, 0.375]], np.float32)}

        @pytest.mark.coreml_model("Model.mlpackage")
        @pytest.mark.coreml_agreement(reference=expected, min_psnr=40, varying=False)
        def test_outputs(coreml_model): pass
        """
    )

    judged = mac_project.run()
    (entry,), machine = mac_project.report["tests"], mac_project.report["machine"]
    mac_project.pytester.makeconftest("from pytest_coreml.machine import policy\npolicy.MAX_LOAD_SECONDS = 3.0")
    mac_project.become(failures=(Failure("load", "hang"),))
    stalled = mac_project.run("--coreml-cache=off")

    judged.assert_outcomes(passed=1)
    assert {check["check"]: check["verdict"] for check in entry["checks"]} == {
        **dict.fromkeys(("min_psnr[y]", "finite", "repeatable"), "passed")
    }
    assert machine["representative"] is False
    judged.stdout.fnmatch_lines(["Core ML: measured on a virtual Mac (VirtualMac2,1): times are not representative;*"])
    stalled.assert_outcomes(failed=1)
    stalled.stdout.fnmatch_lines(
        [
            "*did not respond for 3 s while loading Model.mlpackage on cpuOnly and was killed*",
            "*to allow more time: --coreml-timeout=6*",
        ]
    )


@pytest.mark.slow
# The states are told one after the other, and loads of workers that nobody judges take none.
@pytest.mark.usefixtures("in_one_process")
def test_a_mac_that_gets_warm_while_measuring_is_inconclusive(mac_project: MacProject) -> None:
    """The state is read before and after loading and measuring; another one after measuring makes its time void."""
    mac_project.save()
    mac_project.tell(thermal_pressure=(0, 0, 0, 2))
    mac_project.test(TEST)

    result = mac_project.run("-rs", "-k", "test_time")
    entry = mac_project.report["tests"][0]

    result.assert_outcomes(skipped=1)
    assert entry["checks"][0]["verdict"] == "inconclusive"
    assert "changed from nominal to heavy" in entry["checks"][0]["reason"]
    assert entry["predict"]["thermal"] == {"before": "nominal", "after": "heavy"}
    assert mac_project.report["machine"]["thermal"] == {"before": "nominal", "after": "heavy"}
