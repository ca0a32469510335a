"""Structures, plans and devices."""

from __future__ import annotations

import json

import pytest
import standin_models as models
from foreign_files import RECORDINGS, needs
from standin.scenario import Failure, Op

RECORDED = RECORDINGS / "mlx-omarchy-oneop" / "oneop.json"


def plan_of(mac, spec, units="ALL"):
    """Return the compute plan of a specification."""
    from coremltools import ComputeUnit
    from coremltools.models.compute_plan import MLComputePlan

    return MLComputePlan.load_from_path(mac.compiled(spec), ComputeUnit[units])


def operations(plan):
    """Return the operations of the main block."""
    return plan.model_structure.program.functions["main"].block.operations


def words(usage):
    """Return the class names of a usage."""
    return (type(usage.preferred_compute_device).__name__, [type(d).__name__ for d in usage.supported_compute_devices])


def test_constants_have_neither_usage_nor_cost(mac):
    """Constants are operations of the structure too."""
    plan = plan_of(mac, models.program_spec(2))
    constant = operations(plan)[0]

    assert constant.operator_name == "const"
    assert plan.get_compute_device_usage_for_mlprogram_operation(constant) is None
    assert plan.get_estimated_cost_for_mlprogram_operation(constant) is None


def test_costs_sum_to_one(mac):
    """Operations without a script share the rest evenly."""
    mac.become(ops={"relu_0": Op(cost=0.5)})
    plan = plan_of(mac, models.program_spec(3))
    costs = [plan.get_estimated_cost_for_mlprogram_operation(op) for op in operations(plan)]

    assert [cost.weight for cost in costs if cost is not None] == [0.5, 0.25, 0.25]


def test_devices_are_cut_to_what_the_units_allow(mac):
    """Supported never holds a device that is not permitted, and preferred is one of them."""
    mac.become(default=Op("gpu"))
    plan = plan_of(mac, models.program_spec(1), "CPU_AND_NE")

    assert words(plan.get_compute_device_usage_for_mlprogram_operation(operations(plan)[-1])) == (
        "MLCPUComputeDevice",
        ["MLCPUComputeDevice", "MLNeuralEngineComputeDevice"],
    )


def test_devices_are_new_objects_each_time(mac):
    """They compare by identity."""
    plan = plan_of(mac, models.program_spec(1))
    first, second = (plan.get_compute_device_usage_for_mlprogram_operation(operations(plan)[-1]) for _ in range(2))

    assert first.preferred_compute_device != second.preferred_compute_device


def test_a_device_without_a_class_is_none_and_dropped(mac):
    """The binding knows three classes."""
    mac.become(default=Op("unnamed", supported=("cpu", "unnamed")))
    plan = plan_of(mac, models.program_spec(1))

    assert words(plan.get_compute_device_usage_for_mlprogram_operation(operations(plan)[-1])) == (
        "NoneType",
        ["MLCPUComputeDevice"],
    )


def test_usage_and_cost_may_be_missing(mac):
    """Each model of a pipeline is planned separately."""
    mac.become(ops={"relu_0": Op(usage=False), "y": Op(cost=None)})
    plan = plan_of(mac, models.program_spec(2))
    first, last = operations(plan)[1], operations(plan)[3]

    assert plan.get_compute_device_usage_for_mlprogram_operation(first) is None
    assert plan.get_estimated_cost_for_mlprogram_operation(last) is None
    assert plan.get_compute_device_usage_for_mlprogram_operation(last) is not None


def test_a_plan_may_be_none(mac):
    """Without an error."""
    mac.become(failures=(Failure("plan", "none"),))

    assert plan_of(mac, models.program_spec(1)) is None


@pytest.mark.parametrize(
    ("version", "operator"), [(6, "relu"), (7, "ios16.relu"), (8, "ios17.relu"), (9, "ios18.relu")]
)
def test_operators_carry_the_opset_of_newer_programs(mac, version, operator):
    """None for programs of iOS 15."""
    plan = plan_of(mac, models.program_spec(1, version))

    assert operator == operations(plan)[-1].operator_name


def test_nested_blocks_hang_on_control_flow(mac):
    """Each function has separate operations that the plan knows."""
    plan = plan_of(mac, models.program_spec(1, nested=True))
    cond = operations(plan)[-1]
    inner = [op for block in cond.blocks for op in block.operations]

    assert cond.operator_name == "cond"
    assert [op.outputs[0].name for op in inner] == ["then_tanh", "else_tanh"]
    assert all(plan.get_compute_device_usage_for_mlprogram_operation(op) for op in inner)


def test_networks_have_usage_and_no_cost(mac):
    """Layer types are named as by the runtime; a layer is not an operation."""
    plan = plan_of(mac, models.network_spec())
    layers = plan.model_structure.neuralnetwork.layers

    assert [layer.type for layer in layers] == ["activation", "elementwise"]
    assert plan.get_compute_device_usage_for_neuralnetwork_layer(layers[0]) is not None
    with pytest.raises(RuntimeError, match="Unable to cast"):
        plan.get_estimated_cost_for_mlprogram_operation(layers[0])


def test_pipelines_hold_structures_by_name(mac):
    """Networks and programs alike."""
    structure = plan_of(mac, models.pipeline_spec()).model_structure

    assert [name for name, _ in structure.pipeline.sub_models] == ["first", "second"]
    assert structure.pipeline.sub_models[0][1].neuralnetwork is not None
    assert structure.pipeline.sub_models[1][1].program is not None


def test_other_models_have_no_structure(mac):
    """Trees, linear models and the like."""
    structure = plan_of(mac, models.linear_spec()).model_structure

    assert (structure.neuralnetwork, structure.program, structure.pipeline) == (None, None, None)


@needs(RECORDED)
def test_plans_as_recorded_on_a_real_mac(mac):
    """The stand-in gives what an M1 Ultra gave for a model of two operations, under all settings."""
    recorded = json.loads(RECORDED.read_text())["compute_plan"]
    spec = models.program_spec(2)
    sigmoid, tanh = spec.mlProgram.functions["main"].block_specializations["CoreML8"].operations[1::2]
    sigmoid.type, tanh.type = "sigmoid", "tanh"
    compiled = mac.compiled(spec)
    units = {"all": "ALL", "cpu_and_gpu": "CPU_AND_GPU", "cpu_and_ne": "CPU_AND_NE", "cpu_only": "CPU_ONLY"}

    for name, ops in recorded.items():
        given = _rows(compiled, units[name])

        assert [(op["op"], op["preferred"], op["supported"], op["weight"]) for op in ops] == given


def _rows(path, units):
    from coremltools import ComputeUnit
    from coremltools.models.compute_plan import MLComputePlan

    plan = MLComputePlan.load_from_path(path, ComputeUnit[units])
    found = [(op, plan.get_compute_device_usage_for_mlprogram_operation(op)) for op in operations(plan)]
    return [
        (op.operator_name, *words(usage), plan.get_estimated_cost_for_mlprogram_operation(op).weight)
        for op, usage in found
        if usage is not None
    ]


def test_the_neural_engine_tells_its_cores(mac):
    """One made by Python has none."""
    from coremltools import libcoremlpython as native
    from coremltools.models.compute_device import MLComputeDevice

    engine = MLComputeDevice.get_all_compute_devices()[-1]

    assert engine.total_core_count == 16
    assert native._MLNeuralEngineComputeDeviceProxy().get_total_core_count() == 0
