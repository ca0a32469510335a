"""Quantized activations equal numbers that were calculated manually."""

from __future__ import annotations

import numpy as np
import pytest
from coremltools.converters.mil import Builder as mb  # noqa: N813 - the name that everybody uses
from one_op import run_op


@pytest.mark.operation("quantize")
@pytest.mark.parametrize(
    ("dtype", "zero_point", "expected"),
    [("int8", np.int8(1), [-128, 1, 1, 3, 127]), ("uint8", np.uint8(1), [0, 1, 1, 3, 255])],
)
def test_quantizing_rounds_halves_to_even_and_saturates(dtype, zero_point, expected):
    """The zero point is added after rounding."""
    x = np.array([-1000, -0.25, 0.25, 0.75, 1000], np.float32)

    (result,) = run_op(
        lambda x: mb.quantize(input=x, zero_point=zero_point, scale=np.float32(0.5), output_dtype=dtype), x
    )

    assert result.tolist() == expected


def test_a_scale_for_each_channel():
    """The axis may be negative; without a zero point it is zero."""
    x = np.array([[10, 10], [-10, -10]], np.float32)

    (result,) = run_op(
        lambda x: mb.quantize(input=x, scale=np.array([1, 2], np.float32), axis=-1, output_dtype="int8"), x
    )

    assert result.tolist() == [[10, 5], [-10, -5]]


@pytest.mark.operation("dequantize")
def test_dequantizing_takes_the_zero_point_off_first():
    """Of bytes with a sign, along the first axis."""
    x = np.array([[-128, 127], [0, 3]], np.int8)

    (result,) = run_op(
        lambda x: mb.dequantize(
            input=x, zero_point=np.array([0, 1], np.int8), scale=np.array([2, 0.5], np.float32), axis=0
        ),
        x,
    )

    assert result.tolist() == [[-256, 254], [-0.5, 1]]


def test_dequantizing_with_one_half_precision_scale():
    """The result is of the scale's type."""
    (result,) = run_op(lambda x: mb.dequantize(input=x, scale=np.float16(0.25)), np.array([0, 255], np.uint8))

    assert result.tolist() == [0, 63.75]
