"""Normalizations against their formulas."""

from __future__ import annotations

import numpy as np
import pytest
from coremltools.converters.mil import Builder as mb  # noqa: N813 - the name that everybody uses
from coremltools.converters.mil.mil import get_new_symbol
from one_op import run_op

RANDOM = np.random.default_rng(0)
X = RANDOM.standard_normal((2, 3, 4, 5)).astype(np.float32)
MEAN, GAMMA, BETA = RANDOM.standard_normal((3, 3)).astype(np.float32)
VARIANCE = np.array([0.5, 1, 2], np.float32)


def _normalized(x, axes, epsilon):
    centred = x - x.mean(axes, keepdims=True)
    return centred / np.sqrt((centred**2).mean(axes, keepdims=True) + epsilon)


def _channels(vector):
    return vector.reshape(1, 3, 1, 1)


@pytest.mark.operation("batch_norm")
@pytest.mark.parametrize("affine", [False, True])
def test_batch_norm_uses_given_statistics(affine):
    """Scale and offset are one and zero by default."""
    scale, offset = (GAMMA, BETA) if affine else (None, None)
    expected = (X - _channels(MEAN)) / np.sqrt(_channels(VARIANCE) + 1e-2)
    expected = expected * _channels(GAMMA) + _channels(BETA) if affine else expected

    (result,) = run_op(
        lambda x: mb.batch_norm(x=x, mean=MEAN, variance=VARIANCE, gamma=scale, beta=offset, epsilon=1e-2), X
    )

    assert result == pytest.approx(expected, abs=1e-5)


@pytest.mark.operation("instance_norm")
@pytest.mark.parametrize("affine", [False, True])
def test_instance_norm_uses_the_statistics_of_each_channel(affine):
    """Each channel of each example for itself."""
    scale, offset = (GAMMA, BETA) if affine else (None, None)
    expected = _normalized(X, (2, 3), 1e-3)
    expected = expected * _channels(GAMMA) + _channels(BETA) if affine else expected

    (result,) = run_op(lambda x: mb.instance_norm(x=x, gamma=scale, beta=offset, epsilon=1e-3), X)

    assert result == pytest.approx(expected, abs=1e-5)


@pytest.mark.operation("layer_norm")
@pytest.mark.parametrize("axes", [[-1], [2, 3], [1, 2, 3], [1], [1, 3], [-3, -2]])
@pytest.mark.parametrize("affine", [False, True])
def test_layer_norm_over_any_axes(axes, affine):
    """Trailing axes and any others, with a scale and offset of their shape."""
    positive = sorted(axis % 4 for axis in axes)
    shape = [X.shape[axis] for axis in positive]
    gamma, beta = RANDOM.standard_normal((2, *shape)).astype(np.float32)
    spread = [X.shape[axis] if axis in positive else 1 for axis in range(4)]
    expected = _normalized(X, tuple(positive), 1e-3)
    expected = expected * gamma.reshape(spread) + beta.reshape(spread) if affine else expected
    given = {"gamma": gamma, "beta": beta} if affine else {}

    (result,) = run_op(lambda x: mb.layer_norm(x=x, axes=axes, epsilon=1e-3, **given), X)

    assert result == pytest.approx(expected, abs=1e-5)


@pytest.mark.operation("l2_norm")
@pytest.mark.parametrize("x", [X, X[0]], ids=["rank 4", "rank 3"])
def test_l2_norm_over_the_last_three_dimensions(x):
    """The preceding dimensions are the batch."""
    expected = x / np.sqrt((x**2).sum((-3, -2, -1), keepdims=True) + 0.5)

    (result,) = run_op(lambda x: mb.l2_norm(x=x, epsilon=0.5), x)

    assert result == pytest.approx(expected, abs=1e-5)


@pytest.mark.operation("local_response_norm")
def test_local_response_norm_looks_at_neighbouring_channels():
    """The sum of squares is divided by the size of the neighbourhood."""
    squares = np.pad(X**2, [(0, 0), (1, 1), (0, 0), (0, 0)])
    sums = squares[:, :-2] + squares[:, 1:-1] + squares[:, 2:]
    expected = X / (2 + 0.3 / 3 * sums) ** 0.5

    (result,) = run_op(lambda x: mb.local_response_norm(x=x, size=3, alpha=0.3, beta=0.5, k=2.0), X)

    assert result == pytest.approx(expected, abs=1e-5)


@pytest.mark.parametrize("size", [1, 2, 3, 4])
@pytest.mark.parametrize("rank", [3, 4, 5])
def test_local_response_of_any_rank_and_size(rank, size):
    """The odd neighbour of an even size is the one before; a channel beyond the border counts as zero."""
    x = np.random.default_rng(0).standard_normal((2, 5, *(3, 2, 2)[: rank - 2])).astype(np.float32)
    padded = np.pad(x**2, [(0, 0), (size // 2, (size - 1) // 2), *[(0, 0)] * (rank - 2)])
    total = sum(padded[:, start : start + 5] for start in range(size))
    expected = x / (2 + 0.5 / size * total) ** 0.75

    (result,) = run_op(lambda x: mb.local_response_norm(x=x, size=size, alpha=0.5, beta=0.75, k=2.0), x)

    assert result == pytest.approx(expected, abs=1e-5)


def test_instances_of_an_unknown_number_of_channels():
    """Nothing in the program says how many there are."""
    x = np.random.default_rng(0).standard_normal((2, 3, 4)).astype(np.float32)
    expected = (x - x.mean(2, keepdims=True)) / np.sqrt(x.var(2, keepdims=True) + 1e-5)

    (result,) = run_op(lambda x: mb.instance_norm(x=x), x, shapes=[[get_new_symbol() for _ in range(3)]])

    assert result == pytest.approx(expected, abs=1e-4)


def test_layer_norm_over_an_axis_whose_size_only_its_factors_tell():
    """The factors are constants, and as many as there are numbers."""
    x, gamma = np.array([[1, 3], [2, 8]], np.float32), np.array([1, 2], np.float32)

    (result,) = run_op(
        lambda x: mb.layer_norm(x=x, axes=[1], gamma=gamma, epsilon=np.float32(0)), x, shapes=[(2, get_new_symbol())]
    )

    assert result == pytest.approx(np.array([[-1, 2], [-1, 2]]), abs=1e-6)
