"""Random layers: their distributions, and what a seed promises."""

from __future__ import annotations

import numpy as np
import pytest
from one_layer import build, load, predict, run

COUNT = 20000


@pytest.mark.parametrize("form", ["static", "like", "dynamic"])
@pytest.mark.parametrize("seed", [-1, 3])
def test_moments(form, seed):
    """Mean and deviation of the three distributions, in the three ways to give a shape."""
    settings = {"output_shape": (COUNT,)} if form == "static" else {}
    source = {"input_name": "x0"} if form == "like" else {"input_names": ["x0"]} if form == "dynamic" else {}
    x = np.zeros(COUNT) if form == "like" else np.float32([COUNT])

    def draw(kind, **options):
        def add(builder):
            builder.add_activation("keep", "RELU", "x0", "kept")
            method = getattr(builder, f"add_random_{kind}_{form}")
            method("r", output_name="y0", seed=seed, **options, **settings, **source)

        return run(add, x)[0]

    normal, uniform = draw("normal", mean=2.0, stddev=3.0), draw("uniform", minval=-1.0, maxval=3.0)
    coin = draw("bernoulli", prob=0.3)

    assert (normal.mean(), normal.std()) == pytest.approx((2, 3), abs=0.1)
    assert (uniform.mean(), uniform.std()) == pytest.approx((1, 4 / 12**0.5), abs=0.05)
    assert coin.mean() == pytest.approx(0.3, abs=0.02)
    assert set(coin.tolist()) == {0, 1}


def test_a_seed_gives_the_same_numbers_in_each_call():
    """And none gives others."""

    def network(seed):
        return load(build(lambda b: b.add_random_normal_like("r", "x0", "y0", 0.0, 1.0, seed), [(50,)]))

    seeded, free = network(7), network(-1)
    x = np.zeros(50)

    assert (predict(seeded, x)["y0"] == predict(seeded, x)["y0"]).all()
    assert (predict(free, x)["y0"] != predict(free, x)["y0"]).any()


def test_categories_are_drawn_by_their_probabilities():
    """Along the last axis."""
    probabilities = np.float32([[0.7, 0.1, 0.2], [0.0, 1.0, 0.0]])

    (y,) = run(lambda b: b.add_categorical_distribution("c", "x0", "y0", COUNT, is_logits=False), probabilities)

    shares = [np.bincount(row.astype(int), minlength=3) / COUNT for row in y]
    assert y.shape == (2, COUNT)
    assert np.abs(np.array(shares) - probabilities).max() < 0.02


def test_a_deviation_of_zero():
    """All numbers are the mean."""
    (y,) = run(lambda b: b.add_random_normal_like("r", "x0", "y0", 2.0, 0.0, -1), np.zeros(3))

    assert y.tolist() == [2, 2, 2]
