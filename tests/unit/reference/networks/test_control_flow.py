"""Branches and loops: names are variables."""

from __future__ import annotations

import numpy as np
import pytest
from coremltools.models.neural_network import NeuralNetworkBuilder
from one_layer import build, load, predict, run

from pytest_coreml.reference.errors import UnsupportedModelError


def inner(network):
    """Return a builder for a network inside a layer."""
    return NeuralNetworkBuilder(nn_spec=network, disable_rank5_shape_mapping=True)


def test_branch():
    """The layer of one network or the other; a number near zero is false."""

    def add(builder):
        layer = builder.add_branch("b", "x1")
        inner(layer.branch.ifBranch).add_activation("a", "LINEAR", "x0", "y0", [2.0, 0.0])
        inner(layer.branch.elseBranch).add_activation("c", "LINEAR", "x0", "y0", [0.0, 5.0])

    assert run(add, [1, 2], [1])[0].tolist() == [2, 4]
    assert run(add, [1, 2], [1e-7])[0].tolist() == [5, 5]


def test_a_branch_overwrites_a_name():
    """Without an else, what was there before stays."""

    def add(builder):
        builder.add_copy("before", "x0", "y0")
        layer = builder.add_branch("b", "x1")
        body = inner(layer.branch.ifBranch)
        body.add_activation("a", "LINEAR", "x0", "twice", [2.0, 0.0])
        body.add_copy("over", "twice", "y0")

    assert run(add, [1, 2], [1])[0].tolist() == [2, 4]
    assert run(add, [1, 2], [0])[0].tolist() == [1, 2]


def counting(builder, *, limit=None, count=None, jump=None):
    """Add a loop that doubles y0 and adds one to i; it may end by a jump when i is larger than two."""
    builder.add_copy("start", "x0", "y0")
    builder.add_load_constant_nd("zero", "i", np.zeros(1), (1,))
    layer = builder.add_loop("l", input_name=count, max_iterations=limit)
    body = inner(layer.loop.bodyNetwork)
    body.add_elementwise("inc", ["i"], "i2", "ADD", alpha=1.0)
    body.add_copy("i", "i2", "i")
    if jump:
        body.add_greater_than("large", ["i"], "is_large", alpha=2.0)
        branch = body.add_branch("b", "is_large")
        getattr(inner(branch.branch.ifBranch), f"add_loop_{jump}")("j")
    body.add_activation("double", "LINEAR", "y0", "z", [2.0, 0.0])
    body.add_copy("y", "z", "y0")


def test_loop_of_a_number_of_rounds():
    """A number of the layer, or an input."""
    assert run(lambda b: counting(b, limit=3), [1])[0].tolist() == [8]
    assert run(lambda b: counting(b, count="x1"), [1], [5])[0].tolist() == [32]


@pytest.mark.parametrize(("jump", "doublings"), [("break", 2), ("continue", 2)])
def test_jumps(jump, doublings):
    """Break ends the loop, continue only the round: both leave the doubling out once i is three."""

    def add(builder):
        counting(builder, limit=6, jump=jump)
        builder.add_copy("rounds", "i", "y1")

    y, i = run(add, [1], outputs=2)

    assert y.tolist() == [2**doublings]
    assert i.tolist() == [3 if jump == "break" else 6]


def test_loop_while_a_condition_holds():
    """The condition is asked before each round, also before the first."""

    def add(builder):
        builder.add_copy("start", "x0", "y0")
        layer = builder.add_loop("l", condition="goes_on")
        inner(layer.loop.conditionNetwork).add_less_than("c", ["y0"], "goes_on", alpha=20.0)
        body = inner(layer.loop.bodyNetwork)
        body.add_activation("double", "LINEAR", "y0", "z", [2.0, 0.0])
        body.add_copy("y", "z", "y0")

    assert run(add, [3])[0].tolist() == [24]
    assert run(add, [50])[0].tolist() == [50]


def test_a_shape_that_grows_in_a_loop():
    """One row more each round."""

    def add(builder):
        builder.add_copy("start", "x0", "y0")
        body = inner(builder.add_loop("l", max_iterations=3).loop.bodyNetwork)
        body.add_concat_nd("c", ["y0", "x0"], "z", axis=0)
        body.add_copy("y", "z", "y0")

    assert run(add, [[1, 2]])[0].tolist() == [[1, 2]] * 4


def test_what_is_refused_in_a_branch_is_named():
    """All layers, wherever they are, in one error."""

    def add(builder):
        layer = builder.add_branch("b", "x1")
        for network in (layer.branch.ifBranch, layer.branch.elseBranch):
            custom = network.layers.add(name="mine", input=["x0"], output=["y0"])
            custom.custom.className = "Mine"

    with pytest.raises(UnsupportedModelError, match=r"custom x2 \(first: 'mine'\): its class Mine"):
        load(build(add, [(2,), (1,)]))


def test_a_loop_runs_anew_in_each_prediction():
    """No variable survives."""
    network = load(build(lambda b: counting(b, limit=2), [(1,)]))

    assert [predict(network, [start])["y0"].tolist() for start in (1, 3)] == [[4], [12]]


def test_constants_that_do_not_fit_in_a_branch_that_is_not_taken():
    """A growth by a negative number of rows, as the lists of converted models have it."""

    def add(builder):
        builder.add_copy("before", "x0", "y0")
        builder.add_load_constant_nd("size", "size", np.float32([-2]), (1,))
        body = inner(builder.add_branch("b", "x1").branch.ifBranch)
        body.add_fill_dynamic("rows", "size", "more", value=1.0)
        body.add_concat_nd("c", ["x0", "more"], "z", axis=0)
        body.add_copy("y", "z", "y0")

    assert run(add, [1, 2], [0])[0].tolist() == [1, 2]


def test_a_branch_that_is_known_beforehand_is_chosen_beforehand():
    """The other one may not fit together."""

    def add(builder):
        builder.add_load_constant_nd("no", "no", np.zeros(1), (1,))
        layer = builder.add_branch("b", "no")
        inner(layer.branch.ifBranch).add_concat_nd("c", ["x0", "x1"], "y0", axis=0)
        inner(layer.branch.elseBranch).add_copy("c", "x0", "y0")

    assert run(add, [1, 2], [[1], [2]])[0].tolist() == [1, 2]
