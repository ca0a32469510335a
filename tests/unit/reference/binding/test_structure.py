"""The structure and the plan of a neural network, as coremltools reads them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import coremltools as ct
import pytest
from coremltools.models.neural_network import NeuralNetworkBuilder
from one_layer import build

from pytest_coreml.engine.server.plan import read_plan

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.usefixtures("dropin")


def inner(network: object) -> NeuralNetworkBuilder:
    """Return a builder for a network inside a layer."""
    return NeuralNetworkBuilder(nn_spec=network, disable_rank5_shape_mapping=True)


def add(builder: NeuralNetworkBuilder) -> None:
    """Add a branch with a loop in it, and a layer behind."""
    layer = builder.add_branch("b", "x1")
    loop = inner(layer.branch.ifBranch).add_loop("l", max_iterations=2)
    inner(loop.loop.bodyNetwork).add_copy("c", "x0", "z")
    inner(layer.branch.elseBranch).add_copy("d", "x0", "z")
    builder.add_activation("a", "RELU", "z", "y0")


@pytest.fixture
def compiled(tmp_path: Path) -> str:
    """Compile a network with networks inside."""
    ct.models.utils.save_spec(build(add, [(2,), (1,)]), str(tmp_path / "Net.mlmodel"))
    return str(ct.models.utils.compile_model(str(tmp_path / "Net.mlmodel"), str(tmp_path / "Net.mlmodelc")))


def test_layers_are_listed_and_planned_for_the_cpu(compiled: str) -> None:
    """With names, types, inputs and outputs; a layer of a structure alone has no plan."""
    plan = ct.models.compute_plan.MLComputePlan.load_from_path(compiled)
    branch, relu = plan.model_structure.neuralnetwork.layers

    assert (branch.name, branch.type, branch.input_names, branch.output_names) == ("b", "branch", ["x1"], [])
    assert (relu.name, relu.type, relu.input_names, relu.output_names) == ("a", "activation", ["z"], ["y0"])
    usage = plan.get_compute_device_usage_for_neuralnetwork_layer(relu)
    assert type(usage.preferred_compute_device).__name__ == "MLCPUComputeDevice"
    structure = ct.models.compute_plan.MLModelStructure.load_from_path(compiled)
    assert plan.get_compute_device_usage_for_neuralnetwork_layer(structure.neuralnetwork.layers[0]) is None


def test_layers_of_networks_inside_are_read_with_their_places(compiled: str) -> None:
    """In the order of the file, each behind the layer that it is in."""
    placement = read_plan(compiled, "all", "main")

    assert [(op.name, op.operator, op.block) for op in placement.ops] == [
        ("b", "branch", "layers"),
        ("l", "loop", "layers/b/if"),
        ("c", "copy", "layers/b/if/l/body"),
        ("d", "copy", "layers/b/else"),
        ("a", "activation", "layers"),
    ]
