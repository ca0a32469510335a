"""Pooling against windows written out."""

from __future__ import annotations

import itertools
import math
from pathlib import Path

import numpy as np
import pytest
from coremltools.converters.mil import Builder as mb  # noqa: N813 - the name that everybody uses
from coremltools.converters.mil.mil import get_new_symbol
from one_op import build, load_program, run_op
from same_padding import same_pads

RANDOM = np.random.default_rng(0)


def _windows(x, kernel, strides, pads, ceil_mode=False):
    """Return the windows of each place, NaN standing for padding (and for what a rounded-up window lacks)."""
    rounding = math.ceil if ceil_mode else math.floor
    sizes, ends = [], []
    for i, k in enumerate(kernel):
        length = x.shape[2 + i] + pads[2 * i] + pads[2 * i + 1]
        size = rounding((length - k) / strides[i]) + 1
        if ceil_mode and (size - 1) * strides[i] >= x.shape[2 + i] + pads[2 * i]:
            size -= 1
        sizes.append(size)
        ends.append(max(0, (size - 1) * strides[i] + k - length))
    widths = [(pads[2 * i], pads[2 * i + 1] + ends[i]) for i in range(len(kernel))]
    padded = np.pad(x, [(0, 0), (0, 0), *widths], constant_values=np.nan)
    result = np.empty((*x.shape[:2], *sizes, math.prod(kernel)))
    for place in itertools.product(*map(range, sizes)):
        window = tuple(slice(p * s, p * s + k) for p, s, k in zip(place, strides, kernel, strict=True))
        result[(slice(None), slice(None), *place)] = padded[(slice(None), slice(None), *window)].reshape(
            *x.shape[:2], -1
        )
    return result


@pytest.mark.operation
@pytest.mark.parametrize("spatial", [1, 2, 3])
@pytest.mark.parametrize(
    ("name", "formula"),
    [
        ("max_pool", lambda w: np.nanmax(w, -1)),
        ("avg_pool", lambda w: np.nansum(w, -1) / w.shape[-1]),
        ("l2_pool", lambda w: np.sqrt(np.nansum(w**2, -1))),
    ],
)
def test_pools_a_padded_window(name, formula, spatial):
    """Padding is nothing to a maximum, zeros to a mean and to a norm."""
    if name == "l2_pool" and spatial == 3:
        pytest.skip("MIL has no l2_pool of three dimensions")
    x = RANDOM.standard_normal((1, 2, *(7, 6, 5)[:spatial])).astype(np.float32)
    kernel, strides, pads = (3, 2, 2)[:spatial], (2, 1, 2)[:spatial], (1, 1, 0, 1, 1, 0)[: 2 * spatial]
    expected = formula(_windows(x, kernel, strides, pads))

    (result,) = run_op(
        lambda x: getattr(mb, name)(x=x, kernel_sizes=kernel, strides=strides, pad_type="custom", pad=pads), x
    )

    assert result == pytest.approx(expected, abs=1e-5)


def test_mean_without_padding():
    """Padding does not count when it is excluded."""
    x = np.array([[[2.0, 4, 6]]], np.float32)

    (result,) = run_op(
        lambda x: mb.avg_pool(
            x=x, kernel_sizes=[3], strides=[2], pad_type="custom", pad=[1, 1], exclude_padding_from_average=True
        ),
        x,
    )

    assert result.tolist() == [[[3, 5]]]


@pytest.mark.parametrize("size", [5, 6])
@pytest.mark.parametrize("pad", [0, 1])
@pytest.mark.parametrize(("name", "formula"), [("max_pool", np.nanmax), ("avg_pool", np.nanmean)])
def test_last_window_rounded_up(name, formula, pad, size):
    """A window that begins inside the input counts, even where the input ends before it does."""
    x = RANDOM.standard_normal((1, 1, size)).astype(np.float32)
    expected = formula(_windows(x, [2], [3], [pad, pad], ceil_mode=True), axis=-1)
    excluded = {"exclude_padding_from_average": True} if name == "avg_pool" else {}

    (result,) = run_op(
        lambda x: getattr(mb, name)(
            x=x, kernel_sizes=[2], strides=[3], pad_type="custom", pad=[pad, pad], ceil_mode=True, **excluded
        ),
        x,
    )

    assert result == pytest.approx(expected, abs=1e-5)


@pytest.mark.parametrize("is_known", [True, False])
@pytest.mark.parametrize(
    ("kernel", "strides", "pads"),
    [((3, 3), (3, 3), (1, 1, 0, 0)), ((2, 2), (2, 1), (1, 1, 0, 0)), ((2, 4), (3, 3), (1, 1, 2, 2))],
)
def test_mean_with_zeros_rounded_up(kernel, strides, pads, is_known):
    """Padding counts in windows that begin before it, and no window begins in that at the end."""
    for size in range(4, 8):
        x = RANDOM.standard_normal((1, 1, size, 12 - size)).astype(np.float32)
        kept = _windows(x, kernel, strides, pads, ceil_mode=True).shape
        padded = np.pad(x, [(0, 0), (0, 0), pads[:2], pads[2:]])
        windows = _windows(padded, kernel, strides, [0] * 4, ceil_mode=True)[:, :, : kept[2], : kept[3]]

        (result,) = run_op(
            lambda x: mb.avg_pool(
                x=x, kernel_sizes=kernel, strides=strides, pad_type="custom", pad=pads, ceil_mode=True
            ),
            x,
            shapes=None if is_known else [(1, 1, get_new_symbol(), get_new_symbol())],
        )

        np.testing.assert_allclose(result, np.nanmean(windows, -1), atol=1e-5)


@pytest.mark.parametrize(("pad_type", "expected"), [("valid", [4]), ("same", [4, 5]), ("same_lower", [3, 5])])
def test_named_padding(pad_type, expected):
    """An odd amount of padding goes to the end for `same`, to the beginning for `same_lower`."""
    x = np.array([[[1.0, 3, 4, 5]]], np.float32)

    (result,) = run_op(lambda x: mb.max_pool(x=x, kernel_sizes=[3], strides=[2], pad_type=pad_type), x)

    assert result.reshape(-1).tolist() == expected


def test_a_padding_of_the_program_is_not_the_window_s_own():
    """Zeros that the program has put around the image count, whatever ONNX Runtime joins."""
    x = RANDOM.standard_normal((1, 1, 7, 6)).astype(np.float32)
    padded = np.pad(x, [(0, 0), (0, 0), (1, 1), (0, 1)])
    expected = np.mean([padded[:, :, i : i + 7 : 2, j : j + 6] for i in range(3) for j in range(2)], 0)

    (result,) = run_op(
        lambda x: mb.avg_pool(
            x=mb.pad(x=x, pad=[1, 1, 0, 1]), kernel_sizes=[3, 2], strides=[2, 1], pad_type="custom", pad=[0] * 4
        ),
        x,
    )

    assert result == pytest.approx(expected, abs=1e-5)


@pytest.mark.parametrize("name", ["avg_pool", "max_pool", "l2_pool"])
def test_padding_to_the_same_size_where_the_size_is_not_known(name):
    """The remainder goes to the end; it counts as zeros in a mean."""
    x = RANDOM.random((1, 1, 5, 6)).astype(np.float32)
    padded = np.pad(x, [(0, 0), (0, 0), (1, 1), (0, 1)])
    windows = np.stack([padded[:, :, i : i + 5 : 2, j : j + 6] for i in range(3) for j in range(2)])
    expected = {"avg_pool": windows.mean(0), "max_pool": windows.max(0), "l2_pool": np.sqrt((windows**2).sum(0))}

    (result,) = run_op(
        lambda x: getattr(mb, name)(x=x, kernel_sizes=[3, 2], strides=[2, 1], pad_type="same"),
        x,
        shapes=[(1, 1, get_new_symbol(), get_new_symbol())],
    )

    assert result == pytest.approx(expected[name], abs=1e-5)


@pytest.mark.parametrize("pad_type", ["same", "same_lower"])
@pytest.mark.parametrize(
    "axes",
    [
        [(1, 3, None)],
        [(2, 3, None)],
        [(2, 5, None)],
        [(1, 3, None), (1, 3, None)],
        [(2, 4, None), (3, 2, None)],
        [(3, 1, None), (1, 2, None)],
        [(2, 5, 4), (3, 2, None)],
        [(2, 5, None), (3, 2, 4)],
        [(2, 3, None), (3, 1, None), (1, 3, None)],
        [(2, 4, None), (2, 3, 3), (3, 2, None)],
    ],
    ids=str,
)
@pytest.mark.parametrize(
    ("name", "options", "formula"),
    [
        ("max_pool", {}, lambda w: np.nanmax(w, -1)),
        ("avg_pool", {"exclude_padding_from_average": True}, lambda w: np.nanmean(w, -1)),
        ("avg_pool", {}, lambda w: np.nansum(w, -1) / w.shape[-1]),
        ("l2_pool", {}, lambda w: np.sqrt(np.nansum(w**2, -1))),
    ],
    ids=["max", "mean", "mean with zeros", "l2"],
)
def test_windows_apart_where_the_size_is_not_known(name, options, formula, axes, pad_type):
    """A gap between two windows may also follow the last one; the padding is never negative."""
    if name == "l2_pool" and len(axes) == 3:
        pytest.skip("MIL has no l2_pool of three dimensions")
    kernel, strides, known = zip(*axes, strict=True)
    model = build(
        lambda x: getattr(mb, name)(x=x, kernel_sizes=kernel, strides=strides, pad_type=pad_type, **options),
        [np.zeros((1, 2, *kernel), np.float32)],
        shapes=[(1, 2, *(size or get_new_symbol() for size in known))],
    )
    function = load_program(Path(model.package_path))

    for sizes in itertools.product(*([size] if size else [1, 2, 3, 6, 8] for size in known)):
        x = RANDOM.standard_normal((1, 2, *sizes)).astype(np.float32) - 3
        expected = formula(_windows(x, kernel, strides, same_pads(sizes, kernel, strides, pad_type)))
        (result,) = function.run({"x0": x}).values()
        np.testing.assert_allclose(result, expected, atol=1e-5, err_msg=str(sizes))
