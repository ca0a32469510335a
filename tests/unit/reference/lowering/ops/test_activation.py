"""Activations against their formulas."""

from __future__ import annotations

import math

import numpy as np
import pytest
from coremltools.converters.mil import Builder as mb  # noqa: N813 - the name that everybody uses
from one_op import run_op

X = np.array([[[-3.0, -0.5], [0.0, 7.0]]], dtype=np.float32)

_erf = np.vectorize(math.erf)


def _sigmoid(x):
    return 1 / (1 + np.exp(-x))


@pytest.mark.operation
@pytest.mark.parametrize(
    ("body", "formula"),
    [
        pytest.param(lambda x: mb.relu(x=x), lambda x: np.maximum(x, 0), id="relu"),
        pytest.param(lambda x: mb.relu6(x=x), lambda x: np.clip(x, 0, 6), id="relu6"),
        pytest.param(lambda x: mb.sigmoid(x=x), _sigmoid, id="sigmoid"),
        pytest.param(lambda x: mb.softplus(x=x), lambda x: np.log1p(np.exp(x)), id="softplus"),
        pytest.param(lambda x: mb.softsign(x=x), lambda x: x / (1 + abs(x)), id="softsign"),
        pytest.param(lambda x: mb.silu(x=x), lambda x: x * _sigmoid(x), id="silu"),
        pytest.param(lambda x: mb.leaky_relu(x=x, alpha=0.1), lambda x: np.where(x >= 0, x, 0.1 * x), id="leaky_relu"),
        pytest.param(
            lambda x: mb.clamped_relu(x=x, alpha=-2.0, beta=3.0),
            lambda x: np.minimum(3, np.where(x >= 0, x, -2 * x)),
            id="clamped_relu",
        ),
        pytest.param(lambda x: mb.elu(x=x, alpha=2.0), lambda x: np.where(x > 0, x, 2 * np.expm1(x)), id="elu"),
        pytest.param(
            lambda x: mb.linear_activation(x=x, alpha=2.0, beta=-1.0), lambda x: 2 * x - 1, id="linear_activation"
        ),
        pytest.param(
            lambda x: mb.scaled_tanh(x=x, alpha=2.0, beta=0.5), lambda x: 2 * np.tanh(0.5 * x), id="scaled_tanh"
        ),
        pytest.param(
            lambda x: mb.sigmoid_hard(x=x, alpha=0.3, beta=0.4),
            lambda x: np.clip(0.3 * x + 0.4, 0, 1),
            id="sigmoid_hard",
        ),
        pytest.param(lambda x: mb.gelu(x=x), lambda x: x * (1 + _erf(x / math.sqrt(2))) / 2, id="gelu"),
        pytest.param(
            lambda x: mb.gelu(x=x, mode="TANH_APPROXIMATION"),
            lambda x: x * (1 + np.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3))) / 2,
            id="gelu-tanh approximation",
        ),
        pytest.param(
            lambda x: mb.gelu(x=x, mode="SIGMOID_APPROXIMATION"),
            lambda x: x * _sigmoid(1.702 * x),
            id="gelu-sigmoid approximation",
        ),
    ],
)
def test_follows_its_formula(body, formula):
    """An activation gives what its definition says, for negative, zero and positive numbers."""
    expected = formula(X)

    (result,) = run_op(body, X)

    assert result == pytest.approx(expected, abs=1e-5)


@pytest.mark.operation("thresholded_relu")
def test_thresholded_relu_keeps_the_threshold_itself():
    """A number equal to `alpha` passes: MIL compares with >=, unlike ONNX."""
    x = np.array([0.9, 1.0, 1.1], dtype=np.float32)

    (result,) = run_op(lambda x: mb.thresholded_relu(x=x, alpha=1.0), x)

    assert result == pytest.approx([0, 1.0, 1.1])


@pytest.mark.operation("prelu")
def test_prelu_has_a_slope_for_each_channel():
    """Channels are axis 1."""
    x = np.full((1, 2, 2, 2), -1, dtype=np.float32)

    (result,) = run_op(lambda x: mb.prelu(x=x, alpha=np.array([0.5, 3], dtype=np.float32)), x)

    assert result[:, 0] == pytest.approx(-0.5)
    assert result[:, 1] == pytest.approx(-3)


@pytest.mark.operation("softplus_parametric")
def test_softplus_parametric_has_parameters_for_each_channel():
    """Each channel has its own scale and slope."""
    x = np.array([[[1.0], [2.0]]], dtype=np.float32)
    alpha, beta = np.array([2, 3], dtype=np.float32), np.array([1, 0.5], dtype=np.float32)

    (result,) = run_op(lambda x: mb.softplus_parametric(x=x, alpha=alpha, beta=beta), x)

    assert result.reshape(-1) == pytest.approx([2 * math.log(1 + math.e), 3 * math.log(1 + math.e)], rel=1e-6)


@pytest.mark.operation("softmax")
@pytest.mark.parametrize("axis", [0, 1, -1])
def test_softmax_sums_to_one_along_its_axis(axis):
    """The axis may be counted from the end."""
    x = np.arange(6, dtype=np.float32).reshape(2, 3)
    expected = np.exp(x) / np.exp(x).sum(axis=axis, keepdims=True)

    (result,) = run_op(lambda x: mb.softmax(x=x, axis=axis), x)

    assert result == pytest.approx(expected, rel=1e-6)
