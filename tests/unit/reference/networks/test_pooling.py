"""Pooling, compared with the windows that define it."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose
from one_layer import run

RANDOM = np.random.default_rng(0)


def windows(x, kernel, stride):
    """Return the windows [H, W, C, kernel, kernel] of a padded image."""
    count = [(size - kernel) // stride + 1 for size in x.shape[1:]]
    return np.array(
        [
            [x[:, i * stride : i * stride + kernel, j * stride : j * stride + kernel] for j in range(count[1])]
            for i in range(count[0])
        ]
    )


def pool(x, kind, *, exclude=False, stride=2, **options):
    """Return a pooling of the layer."""
    (y,) = run(
        lambda b: b.add_pooling(
            "p",
            3,
            3,
            stride,
            stride,
            kind,
            "VALID" if "border_mode" not in options else options.pop("border_mode"),
            "x0",
            "y0",
            exclude_pad_area=exclude,
            **options,
        ),
        x,
        rank_five=True,
    )
    return y.reshape(y.shape[-3:])


@pytest.mark.parametrize(
    ("kind", "reduce", "fill"),
    [
        ("MAX", lambda w: w.max((-2, -1)), -np.inf),
        ("AVERAGE", lambda w: w.mean((-2, -1)), 0),
        ("L2", lambda w: np.sqrt((w**2).sum((-2, -1))), 0),
    ],
)
def test_kinds(kind, reduce, fill):
    """The mean counts the padding."""
    x = RANDOM.normal(size=(2, 7, 7)).astype(np.float32)

    y = pool(x, kind, padding_top=1, padding_bottom=1, padding_left=1, padding_right=1)

    expected = reduce(windows(np.pad(x, ((0, 0), (1, 1), (1, 1)), constant_values=fill), 3, 2)).transpose(2, 0, 1)
    assert_allclose(y, expected, rtol=1e-5)


def test_a_mean_without_the_padding():
    """Divided by how many elements there are."""
    x = RANDOM.normal(size=(1, 5, 5)).astype(np.float32)

    y = pool(x, "AVERAGE", exclude=True, padding_top=1, padding_bottom=1, padding_left=1, padding_right=1)

    padded = windows(np.pad(x, ((0, 0), (1, 1), (1, 1)), constant_values=np.nan), 3, 2)
    assert_allclose(y, np.nanmean(padded, (-2, -1)).transpose(2, 0, 1), rtol=1e-5)


def test_the_last_pixel_is_included():
    """Six rows in windows of three by two: a third window reaches over the end."""
    x = RANDOM.normal(size=(1, 6, 6)).astype(np.float32)

    y = pool(x, "MAX", border_mode="INCLUDE_LAST_PIXEL")

    expected = windows(np.pad(x, ((0, 0), (0, 1), (0, 1)), constant_values=-np.inf), 3, 2).max((-2, -1))
    assert_allclose(y, expected.transpose(2, 0, 1))


def test_global_pooling():
    """One number for each channel."""
    x = RANDOM.normal(size=(3, 4, 5)).astype(np.float32)

    y = pool(x, "AVERAGE", is_global=True)

    assert_allclose(y, x.mean((1, 2), keepdims=True), rtol=1e-5, atol=1e-6)


def test_volumes():
    """The largest and the mean of windows of two."""
    x = RANDOM.normal(size=(1, 1, 4, 4, 4)).astype(np.float32)
    blocks = x.reshape(2, 2, 2, 2, 2, 2)
    common = {"stride_depth": 2, "stride_height": 2, "stride_width": 2, "padding_mode": "VALID"}

    (largest,) = run(lambda b: b.add_pooling3d("p", "x0", "y0", "MAX", 2, 2, 2, **common), x)
    (mean,) = run(lambda b: b.add_pooling3d("p", "x0", "y0", "AVERAGE", 2, 2, 2, **common), x)
    (whole,) = run(lambda b: b.add_global_pooling3d("p", "x0", "y0", "AVERAGE"), x)

    assert_allclose(largest[0, 0], blocks.max((1, 3, 5)))
    assert_allclose(mean[0, 0], blocks.mean((1, 3, 5)), rtol=1e-5, atol=1e-6)
    assert_allclose(whole.reshape(1), [x.mean()], rtol=1e-5, atol=1e-6)
