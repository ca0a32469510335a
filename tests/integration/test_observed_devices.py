"""Devices that are observed at work on a simulated Mac, whose registry and counters move with its predictions."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from standin.scenario import Op

if TYPE_CHECKING:
    from mac_project import MacProject

TEST = """
    import pytest

    @pytest.mark.coreml_model("{model}")
    @pytest.mark.coreml_compute_units({units})
    @pytest.mark.coreml_placement({rule})
    def test_it(coreml_model): pass
"""
NEURAL_ENGINE_ONLY = 'observed={"neuralEngine": True, "gpu": False}'
WORKING = {"ALL": ("neuralEngine",), "CPU_AND_NE": ("neuralEngine",), "CPU_AND_GPU": ("gpu",)}


def source(units: str = '"all"', rule: str = NEURAL_ENGINE_ONLY, model: str = "Model.mlpackage") -> str:
    """Return the source of a test with one rule."""
    return TEST.format(units=units, rule=rule, model=model)


@pytest.fixture
def seen(mac_project: MacProject) -> MacProject:
    """A project with one test on all compute units."""
    mac_project.save()
    mac_project.test(source())
    return mac_project


@pytest.mark.slow
def test_a_model_is_observed_on_the_neural_engine_and_not_on_the_gpu(seen: MacProject) -> None:
    """The GPU's counter stands still, and moved for the same model on cpuAndGPU; the report has all values."""
    seen.become(counters=True, working=WORKING)

    result = seen.run("-v")

    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(["observed on Model.mlpackage on all: Neural Engine active, GPU no activity"])
    observed = seen.report["tests"][0]["observed"]
    counters = {counter["name"]: counter for counter in observed["counters"]}
    footprint, gpu = counters["Neural Engine footprint"], counters["GPU time"]
    assert (footprint["idle"], footprint["control"], footprint["section"]) == (0, 0, 64 << 20)
    assert counters["Neural Engine driver clients"]["section"] == 1
    assert (gpu["idle"], gpu["control"], gpu["section"], gpu["moved"], gpu["moved_in_run"]) == (0, 0, 0, False, True)
    assert [note for note in observed["notes"] if not note.startswith("IOReport")] == []


@pytest.mark.slow
def test_a_plan_that_nothing_confirms_is_a_failure(seen: MacProject) -> None:
    """Planned on the Neural Engine, which works on cpuAndNeuralEngine only; workers of pytest-xdist say so, too."""
    seen.test(source('"all", "cpuAndNeuralEngine"', 'observed={"neuralEngine": True}'))
    seen.become(counters=True, working={"CPU_AND_NE": ("neuralEngine",)}, default=Op("neuralEngine"))

    result = seen.run("-n", "1")

    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(
        [
            "*on all: observed on neuralEngine no, expected yes: planned 100.0 % Neural Engine, observed: no activity",
            "  planned placement: neuralEngine 100.0 % of cost",
            "  observed: Neural Engine no activity, GPU *",
        ]
    )
    statuses = {test["compute_units"]: test["observed"]["devices"][0]["status"] for test in seen.report["tests"]}
    assert statuses == {"all": "not_observed", "cpuAndNeuralEngine": "observed"}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("registry", "note"),
    [
        ("hang", "GPU time: ioreg did not end within 2 s"),
        ("falling", "GPU time has fallen from"),
    ],
)
def test_a_registry_that_cannot_be_read_fails_nothing(seen: MacProject, registry: str, note: str) -> None:
    """Nothing is claimed of the GPU, which works here: the test is skipped, and the report has the reason."""
    seen.test(source(rule='observed={"gpu": False}'))
    seen.become(working={"ALL": ("gpu",), "CPU_AND_GPU": ("gpu",)}, registry=registry)

    result = seen.run()

    result.assert_outcomes(skipped=1)
    (test,) = seen.report["tests"]
    assert [check["verdict"] for check in test["checks"]] == ["not_judged"]
    assert [found["status"] for found in test["observed"]["devices"]] == ["unavailable", "unavailable"]
    assert any(note in each for each in test["observed"]["notes"])


@pytest.mark.slow
def test_counters_are_read_only_if_something_asks(seen: MacProject) -> None:
    """Another rule of the same marker reads none; the option reads them for each measured model, and judges nothing."""
    seen.test(source(rule='forbid="gpu"'))
    seen.run()
    asked = [len(seen.journal("registry")), seen.report["tests"][0]["observed"]]
    result = seen.run("--coreml-observe")

    assert asked == [0, None]
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(["observed on Model.mlpackage on all: Neural Engine unavailable, GPU unavailable"])
    # Two drivers, four times, in one process: no control is loaded.
    assert len(seen.journal("registry")) == 8


@pytest.mark.slow
def test_without_core_ml_nothing_is_judged(project: pytest.Pytester) -> None:
    """The test is skipped, with what would help."""
    project.makepyfile(source(model="Linear.mlpackage"))

    result = project.runpytest_subprocess("-rs", "-p", "no:cacheprovider", "--coreml-calls=10")

    result.assert_outcomes(skipped=1)
    result.stdout.fnmatch_lines(["*observed?neuralEngine?: not_judged: devices are observed on a Mac only*"])
