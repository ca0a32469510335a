"""Elementwise layers agree with numpy."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose
from one_layer import run

RANDOM = np.random.default_rng(0)


@pytest.mark.parametrize(
    ("mode", "expected"),
    [
        ("sqrt", np.sqrt),
        ("rsqrt", lambda v: 1 / np.sqrt(v + 1e-2)),
        ("inverse", lambda v: 1 / (v + 1e-2)),
        ("log", lambda v: np.log(v + 1e-2)),
        ("exp", np.exp),
        ("abs", np.abs),
        ("power", lambda v: v**1.5),
        ("threshold", lambda v: np.maximum(v, 1.5)),
    ],
)
def test_unary(mode, expected):
    """A function of the input times the scale plus the shift; three of them add the epsilon."""
    x = RANDOM.uniform(0.5, 2, (3, 4, 5)).astype(np.float32)

    (y,) = run(
        lambda b: b.add_unary("u", "x0", "y0", mode, alpha=1.5, shift=0.25, scale=2.0, epsilon=1e-2), x, rank_five=True
    )

    assert_allclose(y.reshape(x.shape), expected(2 * x + 0.25), rtol=1e-5)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("ceil", np.ceil),
        ("floor", np.floor),
        ("round", np.round),
        ("sign", np.sign),
        ("sin", np.sin),
        ("cos", np.cos),
        ("tan", np.tan),
        ("asin", np.arcsin),
        ("acos", np.arccos),
        ("atan", np.arctan),
        ("sinh", np.sinh),
        ("cosh", np.cosh),
        ("tanh", np.tanh),
        ("asinh", np.arcsinh),
        ("atanh", np.arctanh),
        ("exp2", np.exp2),
    ],
)
def test_functions(name, expected):
    """The functions with a separate layer type agree with numpy."""
    x = RANDOM.uniform(-0.9, 0.9, (2, 3)).astype(np.float32)

    (y,) = run(lambda b: getattr(b, f"add_{name}")("f", "x0", "y0"), x)

    assert_allclose(y, expected(x), rtol=1e-4, atol=1e-6)


def test_round_goes_to_the_even_number():
    """Halves."""
    (y,) = run(lambda b: b.add_round("r", "x0", "y0"), [0.5, 1.5, 2.5, -0.5])

    assert y.tolist() == [0, 2, 2, 0]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("add", np.add),
        ("subtract", np.subtract),
        ("multiply", np.multiply),
        ("divide", np.divide),
        ("max", np.maximum),
        ("min", np.minimum),
        ("floor_div", np.floor_divide),
        ("mod", np.mod),
        ("pow", lambda a, b: np.power(np.abs(a), b)),
    ],
)
def test_operators_broadcast(name, expected):
    """Numbers of both signs: what is left over of a division has the sign of the divisor."""
    x = RANDOM.uniform(-4, 4, (2, 1, 3)).astype(np.float32)
    y = RANDOM.uniform(0.5, 3, (4, 1)).astype(np.float32) * np.array([[1], [-1], [1], [-1]], np.float32)
    if name == "pow":
        x = np.abs(x)

    (z,) = run(lambda b: getattr(b, f"add_{name}_broadcastable")("f", ["x0", "x1"], "y0"), x, y)

    assert_allclose(z, expected(x, y), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("equal", np.equal),
        ("not_equal", np.not_equal),
        ("less_than", np.less),
        ("greater_than", np.greater),
    ],
)
def test_comparisons_give_one_or_zero(name, expected):
    """With another blob, and with a number."""
    x, y = np.float32([1, 2, 3, 4]), np.float32([1, 3, 2, 4])

    (two,) = run(lambda b: getattr(b, f"add_{name}")("f", ["x0", "x1"], "y0"), x, y)
    (one,) = run(lambda b: getattr(b, f"add_{name}")("f", ["x0"], "y0", alpha=2.0), x)

    assert_allclose(two, expected(x, y))
    assert_allclose(one, expected(x, 2))


@pytest.mark.parametrize(
    ("mode", "expected"), [("AND", np.logical_and), ("OR", np.logical_or), ("XOR", np.logical_xor)]
)
def test_logic(mode, expected):
    """Numbers that are not zero are true."""
    x, y = np.float32([0, 2, 0, -1]), np.float32([0, 0, 3, 5])

    (z,) = run(lambda b: b.add_logical("f", ["x0", "x1"], "y0", mode), x, y)
    (negated,) = run(lambda b: b.add_logical("f", ["x0"], "y0", "NOT"), x)

    assert_allclose(z, expected(x, y))
    assert_allclose(negated, np.logical_not(x))


@pytest.mark.parametrize("mode", ["ADD", "MULTIPLY", "AVE", "MAX", "MIN"])
def test_elementwise_of_three(mode):
    """A channel broadcasts over the image."""
    arrays = [RANDOM.normal(size=shape).astype(np.float32) for shape in ((3, 4, 5), (3, 1, 1), (3, 4, 5))]
    functions = {"ADD": sum, "MULTIPLY": np.prod, "AVE": np.mean, "MAX": np.max, "MIN": np.min}
    full = [np.broadcast_to(array, (3, 4, 5)) for array in arrays]

    (y,) = run(lambda b: b.add_elementwise("e", ["x0", "x1", "x2"], "y0", mode), *arrays, rank_five=True)

    expected = sum(full) if mode == "ADD" else functions[mode](np.stack(full), axis=0)
    assert_allclose(y.reshape(3, 4, 5), expected, rtol=1e-5)


def test_scale_and_bias():
    """One number for each channel, and one for each element."""
    x, w, b = (RANDOM.normal(size=shape).astype(np.float32) for shape in ((3, 2, 4), (3,), (3, 2, 4)))

    (y,) = run(
        lambda builder: builder.add_scale(
            "s", w, b, has_bias=True, input_name="x0", output_name="y0", shape_scale=[3], shape_bias=[3, 2, 4]
        ),
        x,
        rank_five=True,
    )

    assert_allclose(y.reshape(x.shape), x * w[:, None, None] + b, rtol=1e-5)


def test_where():
    """From one blob or the other."""
    (y,) = run(lambda b: b.add_where_broadcastable("w", ["x0", "x1", "x2"], "y0"), [0, 1, 5], [1, 2, 3], [[7], [8]])

    assert y.tolist() == [[7, 2, 3], [8, 2, 3]]
