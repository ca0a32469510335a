"""The storage types and sizes of weights, of models that coremltools has compressed or built."""

from __future__ import annotations

import coremltools as ct
import numpy as np
import pytest
from coremltools.converters.mil import Builder as mb  # noqa: N813 - the name that everybody uses
from coremltools.models import datatypes
from coremltools.models.neural_network import NeuralNetworkBuilder
from coremltools.optimize.coreml import OpPalettizerConfig, OptimizationConfig, palettize_weights

from pytest_coreml.engine.server.specification import describe
from pytest_coreml.engine.server.weight_types import network_bytes, precision


def palettized(bits, target):
    """Return the message of a program whose one weight has a palette of 2**bits entries."""

    @mb.program(input_specs=[mb.TensorSpec(shape=(1, 64))], opset_version=target)
    def program(x):
        weight = np.random.default_rng(0).standard_normal((256, 64)).astype(np.float32)
        return mb.linear(x=x, weight=weight, name="y")

    model = ct.convert(program, convert_to="mlprogram", minimum_deployment_target=target, skip_model_load=True)
    config = OptimizationConfig(OpPalettizerConfig(mode="uniform", nbits=bits, weight_threshold=0))
    return palettize_weights(model, config).get_spec()


@pytest.mark.parametrize("bits", [1, 2, 4, 6, 8])
def test_a_palette_is_as_wide_as_its_table(bits):
    """Up to iOS 17 all indices are packed into bytes."""
    assert precision(palettized(bits, ct.target.iOS16))[0] == f"{bits}-bit palettized"


def test_a_palette_with_indices_of_its_width():
    """From iOS 18 the indices have types of less than a byte."""
    assert precision(palettized(4, ct.target.iOS18))[0] == "4-bit palettized"


def branching_network(folder):
    """Save a network with an inner product of 20 weights, and a branch between two layers; return its path."""
    inputs, outputs = [("x", datatypes.Array(4)), ("c", datatypes.Array(1))], [("y", None)]
    builder = NeuralNetworkBuilder(inputs, outputs, disable_rank5_shape_mapping=True)
    builder.add_inner_product("dense", np.ones((5, 4)), None, 4, 5, False, "x", "z")
    branch = builder.add_branch("choice", "c")
    for part, kind in ((branch.branch.ifBranch, "RELU"), (branch.branch.elseBranch, "TANH")):
        NeuralNetworkBuilder(nn_spec=part, disable_rank5_shape_mapping=True).add_activation(kind, kind, "z", "y")
    path = folder / "Net.mlmodel"
    ct.models.utils.save_spec(builder.spec, str(path))
    return path


def test_a_network_has_its_weights_inside(tmp_path):
    """Single precision has four bytes a weight; a saved model has no other files."""
    path = branching_network(tmp_path)

    spec = describe(str(path))

    assert (spec.weights_bytes, spec.precision) == (80, ("float32",))
    assert network_bytes(ct.models.utils.load_spec(str(path))) == 80


def test_layers_inside_control_flow_are_counted(tmp_path):
    """Both sides of a branch."""
    assert describe(str(branching_network(tmp_path))).operations == {"activation": 2, "branch": 1, "innerProduct": 1}


def test_the_notes_of_the_author_are_read(tmp_path):
    """As they are set by the properties of a model of coremltools."""
    model = ct.models.MLModel(str(branching_network(tmp_path)), skip_model_load=True)
    model.author, model.license, model.version, model.short_description = "A. Thor", "MIT", "2.1", "Finds cats."
    model.user_defined_metadata["stage"] = "beta"
    model.save(str(tmp_path / "Noted.mlmodel"))

    notes = describe(str(tmp_path / "Noted.mlmodel")).metadata

    assert (notes.author, notes.license, notes.version, notes.description) == ("A. Thor", "MIT", "2.1", "Finds cats.")
    assert notes.user_defined["stage"] == "beta"
