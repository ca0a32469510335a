"""A compute plan becomes plain data, whatever kind of model it is for and whatever it leaves open."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import standin_models as models
from standin.scenario import Failure, Op

from pytest_coreml.engine.server.plan import read_plan
from pytest_coreml.errors import EngineError
from pytest_coreml.facts.placement import Operation

if TYPE_CHECKING:
    from standin.mac import Mac

    from pytest_coreml.facts.placement import Placement


def plan_of(mac: Mac, spec: Any, units: str = "all", function: str = "main") -> Placement:
    """Read the plan of a specification."""
    return read_plan(mac.compiled(spec), units, function)  # type: ignore[arg-type]


def test_an_operation_has_all_that_the_plan_says(mac: Mac) -> None:
    """First output, operator without opset prefix, devices, cost and block; constants are left out."""
    mac.become(default=Op("neuralEngine"), ops={"relu_0": Op("gpu", ("cpu", "gpu"), 0.25)})

    placement = plan_of(mac, models.program_spec(2))

    assert placement.ops == (
        Operation("relu_0", "relu", "gpu", ("cpu", "gpu"), 0.25, "main"),
        Operation("y", "relu", "neuralEngine", ("cpu", "gpu", "neuralEngine"), 0.75, "main"),
    )


def test_nested_blocks_are_read_in_program_order(mac: Mac) -> None:
    """An operation in a block follows the one that the block belongs to, and says where it stands."""
    placement = plan_of(mac, models.program_spec(1, nested=True))

    assert [(op.name, op.block) for op in placement.placed] == [
        ("relu_0", "main"),
        ("y", "main"),
        ("then_tanh", "main/y/true"),
        ("else_tanh", "main/y/false"),
    ]


def test_layers_of_a_network_have_no_cost(mac: Mac) -> None:
    """Operations of a block have separate names and types."""
    assert plan_of(mac, models.network_spec()).ops == (
        Operation("relu", "activation", "cpu", ("cpu", "gpu", "neuralEngine"), None, "layers"),
        Operation("sum", "elementwise", "cpu", ("cpu", "gpu", "neuralEngine"), None, "layers"),
    )


def test_a_pipeline_is_read_part_by_part(mac: Mac) -> None:
    """The name of the part comes before the block."""
    placement = plan_of(mac, models.pipeline_spec())

    assert [(op.name, op.block) for op in placement.placed] == [
        ("relu", "first/layers"),
        ("sum", "first/layers"),
        ("relu_0", "second/main"),
        ("y", "second/main"),
    ]


def test_only_the_function_that_was_asked_for_is_read(mac: Mac) -> None:
    """A program of several functions has a plan for the default one."""
    names = ("first", "other")

    assert [op.name for op in plan_of(mac, models.multifunction_spec(names), function="first").placed] == ["y"]


def test_a_function_that_the_plan_lacks_is_not_replaced_by_another(mac: Mac) -> None:
    """The plan's functions have no order: the first one would be any of them."""
    placement = plan_of(mac, models.multifunction_spec(("first", "other")), function="third")

    assert (placement.ops, placement.reason) == ((), "the compute plan has no function 'third'; it has first, other")


def test_a_part_without_structure_is_no_hole_in_a_pipeline(mac: Mac) -> None:
    """A tree among networks runs somewhere too: rules are not to be kept by what is not seen."""
    spec = models.pipeline_spec()
    spec.pipeline.names.append("tree")
    spec.pipeline.models.append(models.linear_spec())

    placement = plan_of(mac, spec)

    assert [(op.name, op.operator, op.block) for op in placement.undetermined] == [("tree", "model", "tree")]


def costs(mac: Mac, relu: float, cond: float, tanh: float, other: float) -> tuple[dict[str, float | None], str | None]:
    """Read a plan of a branch with these costs."""
    named = {"relu_0": relu, "y": cond, "then_tanh": tanh, "else_tanh": other}
    mac.become(ops={name: Op(cost=cost) for name, cost in named.items()})
    placement = plan_of(mac, models.program_spec(1, nested=True))
    return {op.name: op.cost for op in placement.placed}, placement.cost_reason


def test_costs_that_sum_to_one_are_added_as_they_are(mac: Mac) -> None:
    """That of control flow is without what is in its blocks then."""
    assert costs(mac, 0.25, 0.25, 0.25, 0.25) == (
        {"relu_0": 0.25, "y": 0.25, "then_tanh": 0.25, "else_tanh": 0.25},
        None,
    )


def test_the_cost_of_control_flow_may_hold_that_of_its_blocks(mac: Mac) -> None:
    """The top level alone sums to 1 then: what is inside counts once."""
    assert costs(mac, 0.25, 0.75, 0.25, 0.375) == (
        {"relu_0": 0.25, "y": 0.125, "then_tanh": 0.25, "else_tanh": 0.375},
        None,
    )


def test_costs_that_are_no_shares_of_one_whole_are_left_out(mac: Mac) -> None:
    """Costs of a pipeline's parts are given as if each part had a whole."""
    found, reason = costs(mac, 1.0, 0.5, 0.25, 0.25)

    assert set(found.values()) == {None}
    assert reason == "the costs of the plan sum to 2, so they are not shares of one whole"


@pytest.mark.parametrize(
    ("op", "expected"),
    [
        (Op(usage=False), (None, (), None, None)),
        (Op("gpu", cost=None), ("gpu", ("cpu", "gpu", "neuralEngine"), None, None)),
        (Op("novel", ("cpu", "novel"), 0.5), (None, ("cpu",), 0.5, "MLNovelComputeDevice")),
        (Op("unnamed", ("cpu",), 0.5), (None, ("cpu",), 0.5, "a device that coremltools has no class for")),
    ],
    ids=["no usage", "no cost", "a class that we do not know", "a device that coremltools does not know"],
)
def test_what_the_plan_leaves_open(mac: Mac, op: Op, expected: tuple[object, ...]) -> None:
    """Missing usage, missing cost and unknown devices are said as they are."""
    mac.become(ops={"y": op})

    last = plan_of(mac, models.program_spec(1)).ops[-1]

    assert (last.preferred, last.supported, last.cost, last.unknown_device) == expected


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        (
            {"failures": (Failure("plan", "error", 'E5RT: "dynamic" shapes'),)},
            'Core ML returned no compute plan: E5RT: "dynamic" shapes',
        ),
        ({"failures": (Failure("plan", "none"),)}, "Core ML returned neither a compute plan nor an error"),
        ({"macos": (14, 3)}, "Core ML returned no compute plan: MLComputePlan is only available on macOS >= 14.4"),
    ],
    ids=["error", "none", "old macOS"],
)
def test_no_plan_is_unknown_with_its_reason(mac: Mac, changes: dict[str, Any], reason: str) -> None:
    """The plan is neither an error nor an empty plan, which would put nothing on any device."""
    compiled = mac.compiled(models.program_spec())
    mac.become(**changes)

    placement = read_plan(compiled, "all", "main")

    assert (placement.unknown, placement.reason) == (True, reason)


def test_a_model_without_structure_is_unknown(mac: Mac) -> None:
    """A linear model has no operations."""
    assert plan_of(mac, models.linear_spec()).reason == "the compute plan lists no operations"


def test_a_path_that_is_not_compiled_never_reaches_core_ml(mac: Mac) -> None:
    """Core ML would end the process."""
    with pytest.raises(EngineError, match=r"Model\.mlpackage is not a compiled model: it has no coremldata\.bin"):
        read_plan(mac.package(models.program_spec()), "all", "main")
    assert "plan" not in mac.stages()
