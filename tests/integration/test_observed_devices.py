"""Devices that are observed at work on a simulated Mac, whose registry and counters move with its predictions."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from mac_project import MacProject

TEST = """
    import pytest

    @pytest.mark.coreml_model("Model.mlpackage")
    @pytest.mark.coreml_compute_units({units})
    @pytest.mark.coreml_placement(observed={observed})
    def test_it(coreml_model): pass
"""
NEURAL_ENGINE_ONLY = '{"neuralEngine": True, "gpu": False}'
WORKING = {"ALL": ("neuralEngine",), "CPU_AND_NE": ("neuralEngine",), "CPU_AND_GPU": ("gpu",)}


@pytest.fixture
def project(mac_project: MacProject) -> MacProject:
    """A project with one test on all compute units."""
    mac_project.save()
    mac_project.test(TEST.format(units='"all"', observed=NEURAL_ENGINE_ONLY))
    return mac_project


@pytest.mark.slow
def test_a_model_is_observed_on_the_neural_engine_and_not_on_the_gpu(project: MacProject) -> None:
    """The GPU's counter stands still, and moved for the same model on cpuAndGPU; the report has all values."""
    project.become(counters=True, working=WORKING)

    result = project.run("-v")

    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(["observed on Model.mlpackage on all: Neural Engine active, GPU no activity"])
    observed = project.report["tests"][0]["observed"]
    counters = {counter["name"]: counter for counter in observed["counters"]}
    footprint, gpu = counters["Neural Engine footprint"], counters["GPU time"]
    assert (footprint["idle"], footprint["control"], footprint["section"]) == (0, 0, 64 << 20)
    assert counters["Neural Engine driver clients"]["section"] == 1
    assert (gpu["idle"], gpu["control"], gpu["section"], gpu["moved"], gpu["moved_in_run"]) == (0, 0, 0, False, True)
    assert [note for note in observed["notes"] if not note.startswith("IOReport")] == []
