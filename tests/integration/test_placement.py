"""Planned placement, as a user on a Mac sees it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import standin_models as models
from standin.scenario import Op

if TYPE_CHECKING:
    from mac_project import MacProject

PLACED = """
    import pytest

    pytestmark = pytest.mark.coreml_model("Model.mlpackage")

    @pytest.mark.coreml_compute_units("all")
    @pytest.mark.coreml_placement(forbid="gpu", min_share={"neuralEngine": 0.9}, allow="tanh")
    def test_moved(coreml_model):
        placement = coreml_model.placement
        assert [op.name for op in placement.on("gpu")] == ["relu_0"]
        assert [op.name for op in placement.supported_elsewhere("neuralEngine")] == ["relu_0"]
        assert placement.transitions == 1

    @pytest.mark.coreml_compute_units("cpuAndNeuralEngine")
    @pytest.mark.coreml_placement(forbid="gpu")
    @pytest.mark.coreml_placement(min_share={"neuralEngine": 0.5}, by="ops")
    def test_kept(coreml_model):
        pass
"""


@pytest.mark.slow
def test_rules_are_judged_by_the_plan_and_shown(mac_project: MacProject) -> None:
    """A moved operation fails its test; what holds by configuration says so; each operation has its row with -v."""
    mac_project.save(models.program_spec(3, nested=True))
    mac_project.become(default=Op("neuralEngine"), ops={"relu_0": Op("gpu", cost=0.25)})
    mac_project.test(PLACED)

    result = mac_project.run("-v")
    moved, kept = mac_project.report["tests"]

    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(
        [
            "*Model.mlpackage on all: operations planned on gpu 1, at most 0: planned on gpu: 1 x relu",
            "*planned placement: neuralEngine 75.0 % of cost; on gpu: 1 x relu",
            "Model.mlpackage on all * Neural Engine * 5 * 83.3 % * 75.0 %",
            "1 relu_0 * relu * 25.0 % *◇*◆*◇",
            "passed: holds by configuration: cpuAndNeuralEngine does not permit gpu",
        ]
    )
    assert {check["check"]: check["verdict"] for check in moved["checks"]} == {
        "forbid[gpu]": "failed",
        "min_share[neuralEngine]": "failed",
    }
    assert moved["placement"]["share"]["cost"] == {"gpu": 0.25, "neuralEngine": 0.75}
    assert [op["name"] for op in kept["placement"]["ops"] if op["preferred"] == "cpu"] == ["relu_0"]
    assert {call["path"].rpartition("/")[2] for call in mac_project.journal("plan")} == {"Model.mlmodelc"}


OPEN = """
    import pytest

    rules = pytest.mark.coreml_placement(forbid="gpu", min_share={"neuralEngine": 0.1})

    @rules
    @pytest.mark.coreml_model("Linear.mlmodel")
    def test_no_structure(coreml_model): pass

    @rules
    @pytest.mark.coreml_model("Functions.mlpackage", function="other")
    def test_not_the_default_function(coreml_model): pass

    @rules
    @pytest.mark.coreml_model("Model.mlpackage")
    def test_partly_open(coreml_model): pass

    @rules
    @pytest.mark.coreml_model("Silent.mlpackage")
    def test_nothing_known(coreml_model): pass

    @rules
    @pytest.mark.coreml_model("Strange.mlpackage")
    def test_unknown_device(coreml_model): pass
"""


@pytest.mark.slow
def test_what_a_plan_cannot_tell_is_never_green(mac_project: MacProject) -> None:
    """No structure, another function, operations without usage or on unknown devices: a reason each, no traceback."""
    mac_project.save(models.linear_spec(), "Linear.mlmodel")
    mac_project.save(models.multifunction_spec(), "Functions.mlpackage")
    mac_project.save(models.program_spec(3))
    silent, strange = models.program_spec(1), models.program_spec(1)
    for spec, name in ((silent, "silent"), (strange, "strange")):
        spec.mlProgram.functions["main"].block_specializations["CoreML8"].operations[-1].type = name
    mac_project.save(silent, "Silent.mlpackage")
    mac_project.save(strange, "Strange.mlpackage")
    ops = {"relu_0": Op(usage=False), "silent": Op(usage=False), "strange": Op("novel")}
    mac_project.become(default=Op("neuralEngine"), ops=ops)
    mac_project.test(OPEN)

    result = mac_project.run("-rs")
    checks = [check for test in mac_project.report["tests"] for check in test["checks"]]

    result.assert_outcomes(skipped=5)
    result.stdout.no_fnmatch_line("*Traceback*")
    assert [check["verdict"] for check in checks] == [
        *["not_judged"] * 4,
        *["inconclusive"] * 2,
        *["not_judged"] * 4,
    ]
    for words, check in zip(
        (
            "a glmRegressor has no operations that a compute plan could place",
            "Core ML plans the default function 'main' only; to judge 'other', save it as a separate model",
            "the plan names no device for relu_0 (relu)",
            "the compute plan names no device for any operation",
            "the compute plan puts every operation on MLNovelComputeDevice, which this version does not know",
        ),
        checks[::2],
        strict=True,
    ):
        assert words in check["reason"]


UNPLANNED = """
    import pytest

    pytestmark = pytest.mark.coreml_model("Model.mlpackage")

    @pytest.mark.coreml_budget(predict_ms=100)
    def test_budget(coreml_model): pass

    @pytest.mark.coreml_placement(forbid="gpu")
    def test_placement(coreml_model): pass

    @pytest.mark.coreml_budget(predict_ms=100)
    def test_after(coreml_model): pass
"""


@pytest.mark.slow
# Each worker reads plans by itself.
@pytest.mark.usefixtures("in_one_process")
def test_a_plan_that_kills_is_the_failure_of_who_asked_for_it(mac_project: MacProject) -> None:
    """The model stays loaded for the other tests, the plan is not read again, and the report has the reason."""
    from standin.scenario import Failure

    mac_project.save()
    mac_project.become(failures=(Failure("plan", "segfault", "E5RT: bad plan\n"),))
    mac_project.test(UNPLANNED)

    result = mac_project.run()
    tests = mac_project.report["tests"]

    result.assert_outcomes(passed=2, failed=1)
    result.stdout.fnmatch_lines(
        [
            "*the engine process was killed by SIGSEGV*while reading the plan of Model.mlpackage on all*",
            "*E5RT: bad plan*",
        ]
    )
    assert tests[0]["placement"]["status"] == "unknown"
    assert "SIGSEGV" in tests[0]["placement"]["reason"]
    assert len(mac_project.journal("plan")) == 1
    assert len({call["pid"] for call in mac_project.journal("load")}) == 1
