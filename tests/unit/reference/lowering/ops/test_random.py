"""Random numbers: shape, range, distribution and repetition."""

from __future__ import annotations

import numpy as np
import pytest
from coremltools.converters.mil import Builder as mb  # noqa: N813 - the name that everybody uses
from one_op import run_op

# Computed by the model, so that no shape is known before it runs
SHAPE = np.array([20, 1000], np.int32)


@pytest.mark.operation("random_uniform")
def test_uniform_numbers_fill_their_range():
    """From `low` up to `high`, of a shape that the model computes."""
    (result,) = run_op(lambda shape: mb.random_uniform(shape=shape, low=2.0, high=4.0, seed=1), SHAPE)

    assert result.shape == (20, 1000)
    assert 2 <= result.min() < 2.01
    assert 3.99 < result.max() <= 4
    assert result.mean() == pytest.approx(3, abs=0.02)


def test_an_empty_range_gives_its_bound():
    """`high` equal to `low` is defined."""
    (result,) = run_op(lambda x: mb.add(x=x, y=mb.random_uniform(shape=[3], low=2.0, high=2.0)), np.zeros(3, "f4"))

    assert result.tolist() == [2, 2, 2]


@pytest.mark.operation("random_normal")
def test_normal_numbers_have_mean_and_deviation():
    """The moments of twenty thousand numbers."""
    (result,) = run_op(lambda shape: mb.random_normal(shape=shape, mean=-1.0, stddev=3.0, seed=1), SHAPE)

    assert result.mean() == pytest.approx(-1, abs=0.1)
    assert result.std() == pytest.approx(3, abs=0.1)


def test_a_deviation_of_zero_gives_the_mean():
    """The distribution has one point."""
    (result,) = run_op(lambda shape: mb.random_normal(shape=shape, mean=2.0, stddev=0.0), np.array([3], np.int32))

    assert result.tolist() == [2, 2, 2]


@pytest.mark.operation("random_bernoulli")
def test_bernoulli_gives_ones_and_zeros():
    """Ones with the given probability."""
    (result,) = run_op(lambda shape: mb.random_bernoulli(shape=shape, prob=0.25, seed=1), SHAPE)

    assert set(result.reshape(-1).tolist()) == {0, 1}
    assert result.mean() == pytest.approx(0.25, abs=0.02)


@pytest.mark.operation("random_categorical")
@pytest.mark.parametrize("mode", ["probs", "logits"])
def test_categorical_draws_by_weight(mode):
    """Each row is a separate distribution; an impossible value is never drawn."""
    weights = np.array([[0.1, 0.2, 0.7], [0, 1, 0]], np.float32)
    with np.errstate(divide="ignore"):
        x = weights if mode == "probs" else np.log(weights)

    (result,) = run_op(lambda x: mb.random_categorical(x=x, mode=mode, size=10000, seed=1), x)

    assert result.shape == (2, 10000)
    assert np.bincount(result[0].astype(int)) / 10000 == pytest.approx(weights[0], abs=0.02)
    assert set(result[1].tolist()) == {1}


def test_a_seed_repeats_the_sequence():
    """Two loads of one model draw alike; another seed draws otherwise."""

    def draw(seed):
        return run_op(lambda shape: mb.random_normal(shape=shape, seed=seed), np.array([4], np.int32))[0].tolist()

    assert draw(7) == draw(7)
    assert draw(7) != draw(8)
