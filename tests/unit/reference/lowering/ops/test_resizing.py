"""Images in another size, against the grids that coremltools' docstrings give."""

from __future__ import annotations

import numpy as np
import pytest
from coremltools.converters.mil import Builder as mb  # noqa: N813 - the name that everybody uses
from coremltools.converters.mil.mil import get_new_symbol
from one_op import run_op

RANDOM = np.random.default_rng(0)


def _grid(mode, xin, xout):
    """Return the points of an axis, as the docstring of `resize_bilinear` defines them."""
    i = np.arange(xout)
    if mode == "ALIGN_CORNERS" and xout == 1:
        points = np.array([(xin - 1) / 2])
    elif mode in ("STRICT_ALIGN_CORNERS", "ALIGN_CORNERS"):
        points = i * (xin - 1) / max(xout - 1, 1)
    elif mode == "DEFAULT":
        points = i * xin / xout
    elif mode == "OFFSET_CORNERS":
        points = (0.5 + i) * max(1, xin - 1) / xout
    else:
        points = (i + 0.5) * xin / xout - 0.5
    return np.clip(points, 0, xin - 1)


def _bilinear(x, mode, height, width):
    for axis, size in ((-2, height), (-1, width)):
        points = _grid(mode, x.shape[axis], size)
        low = np.floor(points).astype(int)
        high = np.minimum(low + 1, x.shape[axis] - 1)
        weight = points - low if axis == -1 else (points - low)[:, None]
        x = np.take(x, low, axis) * (1 - weight) + np.take(x, high, axis) * weight
    return x


MODES = ["STRICT_ALIGN_CORNERS", "ALIGN_CORNERS", "DEFAULT", "OFFSET_CORNERS", "UNALIGN_CORNERS"]


@pytest.mark.operation("resize_bilinear")
@pytest.mark.parametrize("shape", [(3, 4, 5), (2, 3, 4, 5), (2, 1, 2, 4, 5)], ids=lambda shape: f"rank{len(shape)}")
@pytest.mark.parametrize("mode", MODES)
def test_resize_bilinear(mode, shape):
    """Each mode lays another grid: larger, smaller, doubled, and down to one pixel."""
    x = RANDOM.standard_normal(shape).astype(np.float32)
    sizes = [(7, 3), (8, 10), (1, 6)]

    results = run_op(
        lambda x: [
            mb.resize_bilinear(x=x, target_size_height=height, target_size_width=width, sampling_mode=mode)
            for height, width in sizes
        ],
        x,
    )

    for result, size in zip(results, sizes, strict=True):
        assert result == pytest.approx(_bilinear(x, mode, *size), abs=1e-5)


@pytest.mark.operation("resize")
@pytest.mark.parametrize("mode", MODES)
def test_resize_to_a_computed_size(mode):
    """The size may be a tensor, and the image may be of any size; 0 keeps a dimension."""
    x = RANDOM.standard_normal((1, 2, 4, 5)).astype(np.float32)
    shape = np.array([1, 0], np.int32)

    (result,) = run_op(
        lambda x, shape: mb.resize(x=x, shape=shape, resized_dims=np.uint32(2), sampling_mode=mode),
        x,
        shape,
        shapes=[(1, 2, get_new_symbol(), get_new_symbol()), (2,)],
    )

    assert result == pytest.approx(_bilinear(x, mode, 1, 5), abs=1e-5)


@pytest.mark.operation("upsample_bilinear")
@pytest.mark.parametrize(
    ("parameters", "mode"),
    [
        ({}, "STRICT_ALIGN_CORNERS"),
        ({"align_corners": False}, "UNALIGN_CORNERS"),
        ({"align_corners": False, "half_pixel_centers": False}, "DEFAULT"),
    ],
)
@pytest.mark.parametrize("flexible", [False, True])
def test_upsample_bilinear(parameters, mode, flexible):
    """The size is rounded down, and the spacing follows from the rounded size."""
    x = RANDOM.standard_normal((1, 2, 4, 5)).astype(np.float32)
    shape = (1, 2, get_new_symbol(), get_new_symbol()) if flexible else x.shape

    (result,) = run_op(
        lambda x: mb.upsample_bilinear(x=x, scale_factor_height=1.7, scale_factor_width=2.5, **parameters),
        x,
        shapes=[shape],
    )

    assert result == pytest.approx(_bilinear(x, mode, 6, 12), abs=1e-5)


@pytest.mark.operation("upsample_nearest_neighbor")
@pytest.mark.parametrize("flexible", [False, True])
@pytest.mark.parametrize(("factor", "size"), [(2, 28), (0.5, 7), (0.15, 2), (1.3, 18)])
def test_upsample_nearest_neighbor(factor, size, flexible):
    """A pixel takes the value where it begins, also where fp32 would round to the one before."""
    x = np.arange(14, dtype=np.float32).reshape(1, 1, 14, 1).repeat(3, axis=3)
    shape = (1, 1, get_new_symbol(), 3) if flexible else x.shape

    (result,) = run_op(lambda x: mb.upsample_nearest_neighbor(x=x, scale_factor_height=factor), x, shapes=[shape])

    assert result[0, 0, :, 1].tolist() == [i * 14 // size for i in range(size)]


@pytest.mark.operation("resize_nearest_neighbor")
@pytest.mark.parametrize(("size", "expected"), [(2, [1, 4]), (4, [0, 2, 3, 5]), (12, np.arange(12) // 2)])
def test_resize_nearest_neighbor(size, expected):
    """A pixel takes the value at its center."""
    x = np.arange(6, dtype=np.float32).reshape(1, 6, 1)

    fixed, given = run_op(
        lambda x: (
            mb.resize_nearest_neighbor(x=x, target_size_height=size, target_size_width=1),
            mb.resize(x=x, shape=[size, 0], resized_dims=np.uint32(2), interpolation_mode="NEAREST_NEIGHBOR"),
        ),
        x,
    )

    assert fixed.reshape(-1).tolist() == list(expected)
    assert given.reshape(-1).tolist() == list(expected)


@pytest.mark.parametrize(
    "mode", ["DEFAULT", "STRICT_ALIGN_CORNERS", "ALIGN_CORNERS", "OFFSET_CORNERS", "UNALIGN_CORNERS"]
)
@pytest.mark.parametrize("sizes", [(5,), (3, 4, 6), (1, 3, 2, 7)])
def test_resize_any_number_of_dimensions(mode, sizes):
    """One after the other is all at once: interpolation is linear in each."""
    x = RANDOM.random((2, 2, 3, 4)).astype(np.float32)
    expected = x.astype(np.float64)
    for axis, size in zip(range(-len(sizes), 0), sizes, strict=True):
        points, length = _grid(mode, x.shape[axis], size), x.shape[axis]
        weights = np.maximum(0, 1 - np.abs(points[:, None] - np.arange(length)))
        expected = np.moveaxis(np.moveaxis(expected, axis, -1) @ weights.T, -1, axis)

    (result,) = run_op(
        lambda x: mb.resize(
            x=x, shape=np.array(sizes, np.int32), resized_dims=np.uint32(len(sizes)), sampling_mode=mode
        ),
        x,
    )

    assert result == pytest.approx(expected, abs=1e-5)


def test_resize_a_volume_to_its_nearest_neighbours():
    """Twice as many of each."""
    x = np.arange(8, dtype=np.float32).reshape(1, 2, 2, 2)
    expected = x.repeat(2, 1).repeat(2, 2).repeat(2, 3)

    (result,) = run_op(
        lambda x: mb.resize(
            x=x,
            shape=np.array([4, 4, 4], np.int32),
            resized_dims=np.uint32(3),
            interpolation_mode="NEAREST_NEIGHBOR",
        ),
        x,
    )

    assert result.tolist() == expected.tolist()
