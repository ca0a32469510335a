"""Real models of every kind on every compute-units setting, over the scripted Core ML."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from foreign_files import MODELS, needs
from standin.scenario import Op, Times

if TYPE_CHECKING:
    from mac_project import MacProject

FILES = (
    "pose-hourglass/model_hourglass.mlmodel",
    "waifu2x-denoise/anime_noise0_model.mlmodel",
    "names-gender/NamesDT.mlmodel",
    "dtln-aec-part1/DTLN_AEC_128_Part1.mlpackage",
)

TESTS = """
    import pytest

    @pytest.mark.coreml_model("model_hourglass.mlmodel")
    @pytest.mark.coreml_compute_units("all", "cpuAndGPU", "cpuOnly", "cpuAndNeuralEngine")
    @pytest.mark.coreml_budget(predict_ms=10)
    @pytest.mark.coreml_placement(min_share={"cpu": 0.0})
    def test_network_of_images(coreml_model):
        heat = coreml_model.predict(coreml_model.example_inputs())["hourglass_out_3__0"]
        assert (heat.shape, heat.dtype) == ((14, 48, 48), "float64")

    @pytest.mark.coreml_model("anime_noise0_model.mlmodel")
    @pytest.mark.coreml_compute_units("cpuAndNeuralEngine")
    @pytest.mark.coreml_placement(forbid="gpu", min_share={"neuralEngine": 0.9})
    def test_network_of_arrays(coreml_model):
        assert "conv7" in coreml_model.predict(coreml_model.example_inputs())

    @pytest.mark.coreml_model("NamesDT.mlmodel")
    @pytest.mark.coreml_placement(forbid="gpu")
    def test_tree_in_a_pipeline(coreml_model):
        assert {"classLabel", "classProbability"} == set(coreml_model.predict({"input": {"first-letter=a": 1}}))

    @pytest.mark.coreml_model("DTLN_AEC_128_Part1.mlpackage")
    @pytest.mark.coreml_placement(min_share={"cpu": 0.9})
    def test_loop_in_a_program(coreml_model):
        assert any(op.block.count("/") > 1 for op in coreml_model.placement.placed)
"""


@pytest.mark.slow
@needs(*(MODELS / file for file in FILES))
def test_models_of_others_go_through_the_engine(mac_project: MacProject) -> None:
    """Compiled, loaded, timed, run and planned: networks by their layers, trees as unknown, loops with their inside."""
    for file in FILES:
        copy = shutil.copytree if (MODELS / file).is_dir() else shutil.copyfile
        copy(MODELS / file, mac_project.path / Path(file).name)
    mac_project.become(default=Op("cpu"), ops={"convolution": Op("neuralEngine")}, times=Times(predict_ns=(3_000_000,)))
    mac_project.test(TESTS)

    result = mac_project.run("-rs")
    tests = {test["id"].partition("::")[2]: test for test in mac_project.report["tests"]}
    hourglass = [test for name, test in tests.items() if "images" in name]

    result.assert_outcomes(passed=5, failed=1, skipped=1)
    assert {call["units"] for call in mac_project.journal("load") if "hourglass" in call["path"]} == {
        "ALL",
        "CPU_AND_GPU",
        "CPU_ONLY",
        "CPU_AND_NE",
    }
    assert [set(test["predict"]["native_ms"]) for test in hourglass] == [{3.0}] * 4
    # A device that the setting does not permit is never in its plan.
    assert {test["compute_units"]: sorted(test["placement"]["share"]["ops"]) for test in hourglass} == {
        "all": ["cpu", "neuralEngine"],
        "cpuAndGPU": ["cpu"],
        "cpuOnly": ["cpu"],
        "cpuAndNeuralEngine": ["cpu", "neuralEngine"],
    }
    assert {test["placement"]["share"]["cost"] for test in hourglass} == {None}
    result.stdout.fnmatch_lines(["*by number of operations, since the plan has no cost; planned elsewhere:*"])
    result.stdout.fnmatch_lines(["*unknown placement: the compute plan names no device for any operation*"])
