"""A test module as a user writes it, with each public name: strict mypy checks its types, and nothing runs it.

`assert_type` fails the check when a signature becomes wider or narrower than what is promised here.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import pytest
from typing_extensions import assert_type

import pytest_coreml
from pytest_coreml import (
    IO,
    Boundary,
    CoreMLModel,
    CoreMLState,
    DeviceReport,
    DeviceReports,
    Feature,
    LoadTimes,
    Measurement,
    ModelSpec,
    Observed,
    Operation,
    Placement,
    Scenario,
    ScenarioModel,
)
from pytest_coreml.reference import RuntimeOptions, install, is_installed, uninstall

if TYPE_CHECKING:
    from collections.abc import Callable

    Units = Literal["all", "cpuAndGPU", "cpuOnly", "cpuAndNeuralEngine"]
    Device = Literal["cpu", "gpu", "neuralEngine"]
    Thermal = tuple[str, str]


def build() -> Path:
    """Return a model, as a source that is a callable does."""
    return Path("Encoder.mlpackage")


@pytest.mark.coreml_model("Encoder.mlpackage", build, function="main", inputs=None, against="Old.mlpackage")
@pytest.mark.coreml_compute_units("cpuAndNeuralEngine", "all")
@pytest.mark.coreml_budget(predict_ms=25, load_ms=400, min_speedup={"cpuOnly": 2.0}, compute_units="all")
@pytest.mark.coreml_placement(forbid="gpu", min_share={"neuralEngine": 0.95}, by="cost", allow=["cast"])
@pytest.mark.coreml_placement(observed={"neuralEngine": True, "gpu": False})
@pytest.mark.coreml_variants("int8", "sparse-50+palette-4", mine=lambda model: model)
@pytest.mark.coreml_boundary(forbid_casts=True, max_bytes=1_000_000, compute_units="all")
def test_model(coreml_model: CoreMLModel) -> None:
    """The attributes and methods of a loaded model."""
    assert_type(coreml_model.name, str)
    assert_type(coreml_model.path, Path)
    assert_type(coreml_model.sha256, str)
    assert_type(coreml_model.compute_units, "Units")
    assert_type(coreml_model.function, "str | None")
    assert_type(coreml_model.runtime, Literal["coreml", "reference"])
    assert_type(coreml_model.spec, ModelSpec)
    assert_type(coreml_model.spec.boundary, Boundary)
    assert_type(coreml_model.load_times, LoadTimes)
    assert_type(coreml_model.memory_mb, float)
    assert_type(coreml_model.placement, Placement)
    assert_type(coreml_model.example_inputs(), dict[str, Any])
    assert_type(coreml_model.predict(coreml_model.example_inputs(seed=1)), dict[str, Any])
    assert_type(coreml_model.measure(), Measurement)
    assert_type(coreml_model.measure({"x": [1.0]}, calls=10), Measurement)
    assert_type(coreml_model.measure(batch=8), Measurement)
    assert_type(coreml_model.predict([{"x": [1.0]}]), list[dict[str, Any]])
    assert_type(coreml_model.measure(in_flight=4).throughput, float)
    if coreml_model.io is not None:
        assert_type(coreml_model.io, IO)


def test_scenario(coreml_scenario: Callable[..., Scenario]) -> None:
    """The parts of a measured scenario."""
    scenario = coreml_scenario(build, name="chunk", calls=50)
    assert_type(scenario.models, tuple[ScenarioModel, ...])
    assert_type(scenario.measurement, "Measurement | None")
    assert_type([scenario.wall_ms, scenario.between_ms], list[float])


@pytest.mark.coreml_model("Encoder.mlpackage")
@pytest.mark.coreml_device_report("perf/*.json", "more/iphone.json")
def test_device_reports(coreml_device_reports: DeviceReports) -> None:
    """The reports that the marker names."""
    report = coreml_device_reports.judged
    assert_type(report, DeviceReport)
    assert_type(list(coreml_device_reports), list[DeviceReport])
    assert_type([report.device, report.system, report.model_name], list[str])
    assert_type(report.measured_by, Literal["pytest-coreml", "xcode", "xctest", "coremltools-remote"])
    assert_type(report.compute_units, "Units")
    assert_type([report.load, report.predict], "list[LoadTimes | Measurement | None]")
    assert_type(report.placement, "Placement | None")


def test_state(coreml_model: CoreMLModel) -> None:
    """A state, and a prediction with it."""
    state = coreml_model.make_state()
    assert_type(state, CoreMLState)
    state.write_state("cache", [0.0])
    assert_type(state.read_state("cache"), Any)
    assert_type(coreml_model.predict({"x": [1.0]}, state=state), dict[str, Any])


def test_configurations(
    coreml_all: CoreMLModel,
    coreml_cpu_only: CoreMLModel,
    coreml_cpu_and_gpu: CoreMLModel,
    coreml_cpu_and_neural_engine: CoreMLModel,
) -> None:
    """The fixtures of one configuration each."""
    models = [coreml_all, coreml_cpu_only, coreml_cpu_and_gpu, coreml_cpu_and_neural_engine]
    assert_type(models, list[CoreMLModel])


def test_factory(coreml_load: Callable[..., CoreMLModel], coreml_machine: dict[str, Any]) -> None:
    """The factory, and the facts about the machine."""
    hints = {"reshapeFrequency": "Infrequent"}
    model = coreml_load("Encoder.mlpackage", "cpuOnly", None, optimization_hints=hints, from_memory=True)
    assert_type(model, CoreMLModel)
    assert coreml_machine["devices"]


def test_measurement(coreml_model: CoreMLModel) -> None:
    """The values of a measurement and of load times."""
    measured, load = coreml_model.measure(), coreml_model.load_times
    times = [measured.min_ms, measured.p10_ms, measured.median_ms, measured.p90_ms, measured.p95_ms, measured.fps]
    assert_type(times, list[float])
    assert_type(measured.quantile_ms(0.99), float)
    assert_type([measured.native_ms, measured.wall_ms], list[tuple[float, ...]])
    assert_type([measured.undisturbed_ms, measured.judged_ms], list[tuple[float, ...]])
    assert_type(measured.wait_ms, "tuple[float, ...] | None")
    assert_type(measured.first_ms, "float | None")
    assert_type([measured.warmup, measured.batch, measured.undisturbed], list[int])
    assert_type([measured.usable, measured.thermal_changed], list[bool])
    assert_type([measured.thermal, load.thermal], "list[Thermal | None]")
    loads = [load.compile_ms, load.first_load_ms, load.load_ms, load.fresh_load_ms, load.loads_ms]
    assert_type(loads, list[tuple[float, ...]])
    assert_type([load.alone, load.thermal_changed], list[bool])


def test_observed(coreml_model: CoreMLModel) -> None:
    """The questions that observed devices answer."""
    observed = coreml_model.observed
    assert_type(observed, Observed)
    assert_type(observed.status("neuralEngine"), Literal["observed", "not_observed", "unavailable"])
    assert_type(observed.result("gpu").scope, 'Literal["process", "system"] | None')
    for counter in observed.counters:
        assert_type([counter.idle, counter.control, counter.section], "list[float | None]")


def test_placement(coreml_model: CoreMLModel) -> None:
    """The questions that a placement answers."""
    placement = coreml_model.placement
    assert_type([placement.unknown, placement.has_cost], list[bool])
    assert_type([placement.reason, placement.cost_reason, placement.why_unknown], "list[str | None]")
    assert_type(placement.transitions, int)
    assert_type([placement.share("gpu"), placement.share("neuralEngine", by="ops")], list[float])
    assert_type(placement.shares("ops"), "dict[Device, float]")
    operations = [placement.ops, placement.placed, placement.undetermined, placement.without_cost]
    assert_type(operations, list[tuple[Operation, ...]])
    assert_type(placement.on("cpu") + placement.supported_elsewhere("gpu"), tuple[Operation, ...])
    for op in placement.ops:
        assert_type([op.name, op.operator, op.block], list[str])
        assert_type(op.preferred, "Device | None")
        assert_type(op.supported, "tuple[Device, ...]")
        assert_type(op.cost, "float | None")
        assert_type(op.unknown_device, "str | None")
        assert_type([op.counts, op.placed], list[bool])


def test_spec(coreml_model: CoreMLModel) -> None:
    """The description of a model."""
    spec = coreml_model.spec
    assert_type([spec.file_name, spec.sha256, spec.type], list[str])
    assert_type([spec.specification_version, spec.size_bytes, spec.weights_bytes], list[int])
    assert_type(spec.size_mb, float)
    assert_type(spec.deployment_target, dict[str, str])
    assert_type(spec.operations, dict[str, int])
    assert_type([spec.precision, spec.functions], list[tuple[str, ...]])
    assert_type(spec.default_function, "str | None")
    assert_type(spec.inputs + spec.outputs + spec.states, tuple[Feature, ...])
    for feature in spec.inputs:
        assert_type([feature.name, feature.describe()], list[str])
        assert_type([feature.dtype, feature.color], "list[str | None]")
        assert_type(feature.shape, tuple[int, ...])
        assert_type(feature.shape_range, tuple[tuple[int, int], ...])
        assert_type(feature.shapes, tuple[tuple[int, ...], ...])
        assert_type(feature.optional, bool)


def test_package() -> None:
    """The version, and the runtime for coremltools in the user's own process."""
    assert_type(pytest_coreml.__version__, str)
    install(precision="strict")
    install(threads="all")
    install("fast", 2)
    assert_type(is_installed(), bool)
    uninstall()
    assert_type(RuntimeOptions(), RuntimeOptions)
