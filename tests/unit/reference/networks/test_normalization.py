"""Normalizations, compared with their formulas."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose
from one_layer import run

RANDOM = np.random.default_rng(0)
X = RANDOM.normal(2, 3, size=(4, 5, 6)).astype(np.float32)
GAMMA, BETA, MEAN = (RANDOM.normal(size=4).astype(np.float32) for _ in range(3))
VARIANCE = RANDOM.uniform(0.5, 2, 4).astype(np.float32)


def wide(numbers):
    """Return numbers of channels as they broadcast over an image."""
    return numbers[:, None, None]


def test_batchnorm():
    """By numbers of the model."""
    (y,) = run(
        lambda b: b.add_batchnorm("n", 4, GAMMA, BETA, MEAN, VARIANCE, "x0", "y0", epsilon=1e-3), X, rank_five=True
    )

    expected = wide(GAMMA) * (X - wide(MEAN)) / np.sqrt(wide(VARIANCE) + 1e-3) + wide(BETA)
    assert_allclose(y.reshape(X.shape), expected, rtol=1e-4, atol=1e-5)


def test_instance_normalization():
    """By the numbers of each channel itself."""
    (y,) = run(
        lambda b: b.add_batchnorm(
            "n", 4, GAMMA, BETA, input_name="x0", output_name="y0", compute_mean_var=True, instance_normalization=True
        ),
        X,
        rank_five=True,
    )

    normalized = (X - X.mean((1, 2), keepdims=True)) / np.sqrt(X.var((1, 2), keepdims=True) + 1e-5)
    assert_allclose(y.reshape(X.shape), wide(GAMMA) * normalized + wide(BETA), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize(("across", "axes"), [(True, (0, 1, 2)), (False, (1, 2))])
@pytest.mark.parametrize("variance", [True, False])
def test_mvn(across, axes, variance):
    """Over an image or each channel, with the variance or without."""
    (y,) = run(lambda b: b.add_mvn("n", "x0", "y0", across, variance, epsilon=1e-3), X, rank_five=True)

    centred = X - X.mean(axes, keepdims=True)
    expected = centred / np.sqrt(X.var(axes, keepdims=True) + 1e-3) if variance else centred
    assert_allclose(y.reshape(X.shape), expected, rtol=1e-4, atol=1e-5)


def test_l2_normalize():
    """The epsilon is below the root."""
    (y,) = run(lambda b: b.add_l2_normalize("n", "x0", "y0", epsilon=0.5), X, rank_five=True)

    assert_allclose(y.reshape(X.shape), X / np.sqrt((X**2).sum() + 0.5), rtol=1e-5)


@pytest.mark.parametrize("size", [3, 2, 4])
def test_lrn(size):
    """Alpha is divided by the size of the window of channels; an even window reaches further behind than before."""
    (y,) = run(lambda b: b.add_lrn("n", "x0", "y0", 0.3, 0.75, size, k=2), X, rank_five=True)

    before = (size - 1) // 2
    squares = np.pad(X**2, ((before, size - 1 - before), (0, 0), (0, 0)))
    sums = sum(squares[index : index + 4] for index in range(size))
    assert_allclose(y.reshape(X.shape), X / (2 + 0.3 / size * sums) ** 0.75, rtol=1e-4)


@pytest.mark.parametrize("shape", [[6], [5, 6], [4, 5, 6]])
def test_layer_normalization(shape):
    """Over the last axes."""
    gamma, beta = (RANDOM.normal(size=shape).astype(np.float32) for _ in range(2))

    (y,) = run(lambda b: b.add_layer_normalization("n", "x0", "y0", shape, gamma, beta, eps=1e-3), X)

    axes = tuple(range(-len(shape), 0))
    normalized = (X - X.mean(axes, keepdims=True)) / np.sqrt(X.var(axes, keepdims=True) + 1e-3)
    assert_allclose(y, gamma * normalized + beta, rtol=1e-4, atol=1e-4)
