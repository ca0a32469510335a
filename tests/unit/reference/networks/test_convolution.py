"""Convolutions, compared with the sum that defines them."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose
from one_layer import run

RANDOM = np.random.default_rng(0)


def correlate(x, w, stride=1, dilation=1, groups=1):
    """Return the convolution of an image [C, H, W] that is padded already, by weights [out, in / groups, kh, kw]."""
    out, inside, kh, kw = w.shape
    height = (x.shape[1] - (kh - 1) * dilation - 1) // stride + 1
    width = (x.shape[2] - (kw - 1) * dilation - 1) // stride + 1
    y = np.zeros((out, height, width))
    for o in range(out):
        first = o // (out // groups) * inside
        for i, j in np.ndindex(height, width):
            top, left = i * stride, j * stride
            window = x[
                first : first + inside, top : top + kh * dilation : dilation, left : left + kw * dilation : dilation
            ]
            y[o, i, j] = (window[:, :kh, :kw] * w[o]).sum()
    return y


def transpose(x, w, stride=1, dilation=1, groups=1):
    """Return the full transposed convolution by weights [in, out / groups, kh, kw]."""
    inside, out, kh, kw = w.shape
    height, width = (
        (size - 1) * stride + (k - 1) * dilation + 1 for size, k in zip(x.shape[1:], (kh, kw), strict=True)
    )
    y = np.zeros((out * groups, height, width))
    for c in range(inside):
        first = c // (inside // groups) * out
        for i, j in np.ndindex(*x.shape[1:]):
            top, left = i * stride, j * stride
            y[first : first + out, top : top + kh * dilation : dilation, left : left + kw * dilation : dilation][
                :, :kh, :kw
            ] += x[c, i, j] * w[c]
    return y


def add(w, bias=None, *, out, inside, deconvolution=False, output_shape=None, **options):
    """Return what adds a convolution; *w* as the format stores it."""
    kernel = w.shape[2:]
    order = (2, 3, 0, 1) if deconvolution else (2, 3, 1, 0)
    settings = {"stride_height": 1, "stride_width": 1, "border_mode": "valid", "groups": 1, **options}
    return lambda b: b.add_convolution(
        "c",
        inside,
        out,
        *kernel,
        W=w.transpose(order),
        b=bias,
        has_bias=bias is not None,
        is_deconv=deconvolution,
        output_shape=output_shape,
        input_name="x0",
        output_name="y0",
        **settings,
    )


@pytest.mark.parametrize(("stride", "dilation", "groups"), [(1, 1, 1), (2, 1, 1), (1, 2, 1), (1, 1, 2), (2, 2, 4)])
def test_valid_padding(stride, dilation, groups):
    """Each of the four ends has a border, and there is a bias."""
    x = RANDOM.normal(size=(4, 9, 8)).astype(np.float32)
    w = RANDOM.normal(size=(8, 4 // groups, 3, 2)).astype(np.float32)
    bias = RANDOM.normal(size=8).astype(np.float32)
    borders = {"padding_top": 1, "padding_bottom": 0, "padding_left": 2, "padding_right": 1}

    (y,) = run(
        add(
            w,
            bias,
            out=8,
            inside=4 // groups,
            groups=groups,
            stride_height=stride,
            stride_width=stride,
            dilation_factors=[dilation, dilation],
            **borders,
        ),
        x,
        rank_five=True,
    )

    expected = correlate(np.pad(x, ((0, 0), (1, 0), (2, 1))), w, stride, dilation, groups) + bias[:, None, None]
    assert_allclose(y.reshape(expected.shape), expected, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize(("mode", "edges"), [("BOTTOM_RIGHT_HEAVY", (0, 1)), ("TOP_LEFT_HEAVY", (1, 0))])
def test_same_padding_puts_an_odd_row_where_the_mode_says(mode, edges):
    """Six rows by a kernel of three in steps of two: one row of padding."""
    x = RANDOM.normal(size=(1, 6, 6)).astype(np.float32)
    w = RANDOM.normal(size=(1, 1, 3, 3)).astype(np.float32)

    (y,) = run(
        add(w, out=1, inside=1, border_mode="same", same_padding_asymmetry_mode=mode, stride_height=2, stride_width=2),
        x,
        rank_five=True,
    )

    expected = correlate(np.pad(x, ((0, 0), edges, edges)), w, 2)
    assert_allclose(y.reshape(expected.shape), expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(("stride", "dilation", "groups"), [(1, 1, 1), (2, 1, 1), (2, 2, 1), (2, 1, 2)])
def test_deconvolution(stride, dilation, groups):
    """Padding cuts the full output; dilation counts."""
    x = RANDOM.normal(size=(4, 5, 4)).astype(np.float32)
    w = RANDOM.normal(size=(4, 6 // groups, 3, 3)).astype(np.float32)

    (y,) = run(
        add(
            w,
            out=6,
            inside=4,
            groups=groups,
            deconvolution=True,
            stride_height=stride,
            stride_width=stride,
            dilation_factors=[dilation, dilation],
            padding_top=1,
        ),
        x,
        rank_five=True,
    )

    expected = transpose(x, w, stride, dilation, groups)[:, 1:]
    assert_allclose(y.reshape(expected.shape), expected, rtol=1e-4, atol=1e-4)


def test_deconvolution_to_a_given_shape():
    """The excess is split in halves, the larger one at the end."""
    x = RANDOM.normal(size=(1, 4, 4)).astype(np.float32)
    w = RANDOM.normal(size=(1, 1, 4, 4)).astype(np.float32)

    (y,) = run(
        add(w, out=1, inside=1, deconvolution=True, output_shape=(8, 7), stride_height=2, stride_width=2),
        x,
        rank_five=True,
    )

    assert_allclose(y.reshape(8, 7), transpose(x, w, 2)[0, 1:9, 1:8], rtol=1e-4, atol=1e-5)


def test_volumes():
    """A convolution of three dimensions, layer by layer of the kernel."""
    x = RANDOM.normal(size=(1, 2, 4, 5, 5)).astype(np.float32)
    w = RANDOM.normal(size=(3, 2, 2, 3, 3)).astype(np.float32)

    (y,) = run(
        lambda b: b.add_convolution3d(
            "c",
            2,
            3,
            2,
            3,
            3,
            W=w,
            b=None,
            has_bias=False,
            groups=1,
            padding_mode="valid",
            stride_depth=1,
            stride_height=1,
            stride_width=1,
            dilation_width=1,
            dilation_height=1,
            dilation_depth=1,
            input_name="x0",
            output_name="y0",
        ),
        x,
    )

    expected = np.stack([sum(correlate(x[0, :, d + k], w[:, :, k]) for k in range(2)) for d in range(3)], axis=1)
    assert_allclose(y[0], expected, rtol=1e-4, atol=1e-4)
