"""Transposed convolutions against sums written out."""

from __future__ import annotations

import numpy as np
import pytest
from coremltools.converters.mil import Builder as mb  # noqa: N813 - the name that everybody uses
from coremltools.converters.mil.mil import get_new_symbol
from numpy_layers import convolve_transposed
from one_op import run_op

from pytest_coreml.reference.errors import ExecutionError

RANDOM = np.random.default_rng(0)


@pytest.mark.operation("conv_transpose")
@pytest.mark.parametrize("spatial", [1, 2, 3])
@pytest.mark.parametrize(("groups", "dilation", "stride"), [(1, 1, 1), (2, 1, 2), (2, 2, 3)])
def test_custom_padding_is_cut_off(spatial, groups, dilation, stride):
    """Begin and end of each dimension in turn; a bias for each output channel."""
    x = RANDOM.standard_normal((2, 4, *(4, 3, 2)[:spatial])).astype(np.float32)
    weight = RANDOM.standard_normal((4, 3, *(3, 3, 2)[:spatial])).astype(np.float32)
    bias = RANDOM.standard_normal(3 * groups).astype(np.float32)
    window = {"strides": [stride] * spatial, "dilations": [dilation] * spatial, "groups": groups}
    pads = [1, 0, 0, 1, 1, 1][: 2 * spatial]
    full = convolve_transposed(x, weight, **window)
    cuts = tuple(
        slice(begin, size - end) for begin, end, size in zip(pads[0::2], pads[1::2], full.shape[2:], strict=True)
    )
    expected = full[(slice(None), slice(None), *cuts)] + bias.reshape(-1, *[1] * spatial)

    (result,) = run_op(
        lambda x: mb.conv_transpose(x=x, weight=weight, bias=bias, pad_type="custom", pad=pads, **window), x
    )

    assert result == pytest.approx(expected, abs=1e-4)


@pytest.mark.parametrize("is_flexible", [False, True])
@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, [1, 10, 102, 20, 203, 30, 300]),
        ({"pad_type": "same"}, [1, 10, 102, 20, 203, 30]),
        ({"pad_type": "same", "output_shape": [1, 1, 5]}, [10, 102, 20, 203, 30]),
        ({"pad_type": "custom", "pad": [1, 1]}, [10, 102, 20, 203, 30]),
        ({"pad_type": "custom", "pad": [1, 1], "output_shape": [1, 1, 6]}, [10, 102, 20, 203, 30, 300]),
        ({"pad_type": "custom", "pad": [1, 1], "output_shape": [1, 1, 7]}, [10, 102, 20, 203, 30, 300, 0]),
    ],
)
def test_what_is_kept_of_the_full_result(options, expected, is_flexible):
    """`same` keeps stride times the size, the odd number being cut at the end; `output_shape` may ask for more."""
    x, weight = np.array([[[1, 2, 3]]], np.float32), np.array([[[1, 10, 100]]], np.float32)
    shapes = [(1, 1, get_new_symbol() if is_flexible else 3)]

    (result,) = run_op(lambda x: mb.conv_transpose(x=x, weight=weight, strides=[2], **options), x, shapes=shapes)

    assert result.tolist() == [[expected]]


def test_output_shape_that_an_input_of_flexible_size_does_not_reach():
    """Nothing is made up."""
    x, weight = np.array([[[1, 2]]], np.float32), np.array([[[1, 10, 100]]], np.float32)

    with pytest.raises(ExecutionError, match="operation conv_transpose 'wide' failed"):
        run_op(
            lambda x: mb.conv_transpose(x=x, weight=weight, strides=[2], output_shape=[1, 1, 9], name="wide"),
            x,
            shapes=[(1, 1, get_new_symbol())],
        )


def test_kernel_smaller_than_the_stride_leaves_zeros_at_the_end():
    """`same` has stride times the size, even where the kernel does not reach that far."""
    x, weight = np.array([[[1, 2]]], np.float32), np.array([[[1]]], np.float32)

    (result,) = run_op(lambda x: mb.conv_transpose(x=x, weight=weight, strides=[3], pad_type="same"), x)

    assert result.tolist() == [[[1, 0, 0, 2, 0, 0]]]
