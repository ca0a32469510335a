"""Activations, compared with their formulas."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose
from one_layer import run
from scipy.special import erf, expit, softmax

RANDOM = np.random.default_rng(0)
ALPHA, BETA = np.float32([0.1, 0.2, 0.3]), np.float32([1.0, 2.0, 0.5])


@pytest.mark.parametrize(
    ("name", "numbers", "expected"),
    [
        ("RELU", None, lambda v: np.maximum(v, 0)),
        ("TANH", None, np.tanh),
        ("SIGMOID", None, expit),
        ("SOFTPLUS", None, lambda v: np.log1p(np.exp(v))),
        ("SOFTSIGN", None, lambda v: v / (1 + np.abs(v))),
        ("LEAKYRELU", [0.3], lambda v: np.where(v >= 0, v, 0.3 * v)),
        ("ELU", 0.7, lambda v: np.where(v >= 0, v, 0.7 * np.expm1(v))),
        ("THRESHOLDEDRELU", 0.5, lambda v: np.where(v >= 0.5, v, 0)),
        ("LINEAR", [2.0, -1.0], lambda v: 2 * v - 1),
        ("SCALED_TANH", [1.5, 0.5], lambda v: 1.5 * np.tanh(0.5 * v)),
        ("SIGMOID_HARD", [0.3, 0.4], lambda v: np.clip(0.3 * v + 0.4, 0, 1)),
        ("PRELU", ALPHA, lambda v: np.where(v >= 0, v, ALPHA[:, None, None] * v)),
        (
            "PARAMETRICSOFTPLUS",
            [ALPHA, BETA],
            lambda v: ALPHA[:, None, None] * np.log1p(np.exp(BETA[:, None, None] * v)),
        ),
    ],
)
def test_activation(name, numbers, expected):
    """Thirteen functions; some have numbers for each channel."""
    x = RANDOM.normal(size=(3, 4, 5)).astype(np.float32)
    x[0, 0, 0] = 0.5

    (y,) = run(lambda b: b.add_activation("a", name, "x0", "y0", numbers), x, rank_five=True)

    assert_allclose(y.reshape(x.shape), expected(x), rtol=1e-4, atol=1e-6)


def test_softmax_is_over_the_channels():
    """In a network of five dimensions, of an image and of a vector; over a given axis in others."""
    x = RANDOM.normal(size=(3, 4, 5)).astype(np.float32)

    (image,) = run(lambda b: b.add_softmax("s", "x0", "y0"), x, rank_five=True)
    (vector,) = run(lambda b: b.add_softmax("s", "x0", "y0"), x[:, 0, 0], rank_five=True)
    (chosen,) = run(lambda b: b.add_softmax_nd("s", "x0", "y0", axis=1), x)

    assert_allclose(image.reshape(x.shape), softmax(x, 0), rtol=1e-5)
    assert_allclose(vector.reshape(3), softmax(x[:, 0, 0]), rtol=1e-5)
    assert_allclose(chosen, softmax(x, 1), rtol=1e-5)


@pytest.mark.parametrize(
    ("mode", "expected"),
    [
        ("EXACT", lambda v: v * 0.5 * (1 + erf(v / np.sqrt(2)))),
        ("TANH_APPROXIMATION", lambda v: 0.5 * v * (1 + np.tanh(np.sqrt(2 / np.pi) * (v + 0.044715 * v**3)))),
        ("SIGMOID_APPROXIMATION", lambda v: v * expit(1.702 * v)),
    ],
)
def test_gelu(mode, expected):
    """The function and its two approximations."""
    x = RANDOM.normal(size=20).astype(np.float32)

    (y,) = run(lambda b: b.add_gelu("g", "x0", "y0", mode), x)

    assert_allclose(y, expected(x), rtol=1e-4, atol=1e-6)


def test_clip_and_clamped_relu():
    """Cut off at both ends; below zero a part of the number is left."""
    x = np.float32([-3, -1, 0.5, 4])

    (clipped,) = run(lambda b: b.add_clip("c", "x0", "y0", -2.0, 2.0), x)
    (clamped,) = run(lambda b: b.add_clamped_relu("c", "x0", "y0", alpha=0.5, beta=2.0), x)

    assert clipped.tolist() == [-2, -1, 0.5, 2]
    assert clamped.tolist() == [-1.5, -0.5, 0.5, 2]


def test_relu6_of_four_layers_is_one_clip():
    """Only when nothing else reads what lies between."""
    from one_layer import build, load

    def add(builder):
        builder.add_activation("r", "RELU", "x0", "a")
        builder.add_activation("n", "LINEAR", "a", "b", [-1.0, 0.0])
        builder.add_unary("t", "b", "c", "threshold", alpha=-6.0)
        builder.add_activation("m", "LINEAR", "c", "y0", [-1.0, 0.0])

    x = np.float32([-1, 3, 9])
    spec = build(add, [(3,)])
    network = load(spec)
    (lowered,) = [session.lowered for session in network._sessions.values()]

    assert run(add, x)[0].tolist() == [0, 3, 6]
    assert b"Clip" in lowered.model
    assert b"Relu" not in lowered.model

    spec.description.output.add(name="b").type.multiArrayType.dataType = 65568
    assert b"Relu" in next(iter(load(spec)._sessions.values())).lowered.model
