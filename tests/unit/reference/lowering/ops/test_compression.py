"""Compressed weights equal numbers that were calculated manually."""

from __future__ import annotations

import numpy as np
import pytest
from coremltools.converters.mil import Builder as mb  # noqa: N813 - the name that everybody uses
from coremltools.converters.mil.mil import types
from one_op import run_op

ZEROS = np.zeros((2, 2), np.float32)


def _decode(make, opset):
    (result,) = run_op(lambda x: mb.add(x=x, y=make()), ZEROS, opset=opset)
    return result.tolist()


@pytest.mark.operation("constexpr_cast")
def test_cast_keeps_what_half_precision_held():
    """Numbers are stored as half precision, and used as single."""
    decoded = _decode(
        lambda: mb.constexpr_cast(
            source_val=np.array([[1 / 3, 65504], [-0.0, 2**-24]], np.float16), output_dtype="fp32"
        ),
        "iOS16",
    )

    assert decoded == [[0.333251953125, 65504], [0, 2**-24]]


@pytest.mark.operation("constexpr_affine_dequantize")
def test_affine_has_a_scale_for_each_row():
    """The zero point is taken off before the scale is applied."""
    decoded = _decode(
        lambda: mb.constexpr_affine_dequantize(
            quantized_data=np.array([[1, 2], [3, 4]], np.int8),
            zero_point=np.array([1, 0], np.int8),
            scale=np.array([2, 10], np.float32),
            axis=0,
        ),
        "iOS16",
    )

    assert decoded == [[0, 2], [30, 40]]


@pytest.mark.operation("constexpr_lut_to_dense")
def test_packed_indices_begin_at_the_lowest_bits():
    """Four indices of two bits in one byte."""
    decoded = _decode(
        lambda: mb.constexpr_lut_to_dense(
            indices=np.array([0b11100100], np.uint8),
            lut=np.array([5, 6, 7, 8], np.float32),
            shape=np.array([2, 2], np.uint32),
        ),
        "iOS16",
    )

    assert decoded == [[5, 6], [7, 8]]


@pytest.mark.operation("constexpr_sparse_to_dense")
def test_sparse_puts_numbers_where_bits_are_set():
    """The lowest bit is the first element."""
    decoded = _decode(
        lambda: mb.constexpr_sparse_to_dense(
            nonzero_data=np.array([5, 6], np.float32),
            mask=np.array([0b1001], np.uint8),
            shape=np.array([2, 2], np.uint32),
        ),
        "iOS16",
    )

    assert decoded == [[5, 0], [0, 6]]


def test_a_table_for_each_row():
    """Since iOS 18 each block of a tensor may have a table."""
    decoded = _decode(
        lambda: mb.constexpr_lut_to_dense(
            indices=np.array([[0, 1], [0, 1]], types.np_uint1_dtype),
            lut=np.array([5, 6, 7, 8], np.float32).reshape(2, 1, 2, 1),
        ),
        "iOS18",
    )

    assert decoded == [[5, 6], [7, 8]]


@pytest.mark.operation("constexpr_blockwise_shift_scale")
def test_a_scale_for_each_block():
    """Four-bit numbers keep their sign."""
    decoded = _decode(
        lambda: mb.constexpr_blockwise_shift_scale(
            data=np.array([[-8, 7], [1, 2]], types.np_int4_dtype), scale=np.array([[1], [10]], np.float32)
        ),
        "iOS18",
    )

    assert decoded == [[-8, 7], [10, 20]]


def test_a_table_of_vectors_spreads_along_an_axis():
    """Each index stands for two numbers below each other; the axis may be negative."""
    decoded = _decode(
        lambda: mb.constexpr_lut_to_dense(
            indices=np.array([[0, 1]], types.np_uint1_dtype),
            lut=np.array([[5, 6], [7, 8]], np.float32).reshape(1, 1, 2, 2),
            vector_axis=-2,
        ),
        "iOS18",
    )

    assert decoded == [[5, 7], [6, 8]]


@pytest.mark.operation("constexpr_lut_to_sparse")
def test_a_sparse_table_of_vectors():
    """The mask of the indices is spread as the vectors are."""

    def make():
        mask, data = mb.constexpr_lut_to_sparse(
            indices_mask=np.array([[1, 0]], types.np_uint1_dtype),
            indices_nonzero_data=np.array([1], types.np_uint1_dtype),
            lut=np.array([[5, 6], [7, 8]], np.float32).reshape(1, 1, 2, 2),
            vector_axis=0,
        )
        return mb.constexpr_sparse_to_dense(nonzero_data=data, mask=mask)

    assert _decode(make, "iOS18") == [[7, 0], [8, 0]]


@pytest.mark.operation("constexpr_sparse_blockwise_shift_scale")
def test_sparse_numbers_have_the_scale_of_their_place():
    """A scale and an offset for each column."""

    def make():
        mask, data = mb.constexpr_sparse_blockwise_shift_scale(
            data_mask=np.array([[1, 0], [1, 1]], types.np_uint1_dtype),
            nonzero_data=np.array([10, 3, 4], np.int8),
            scale=np.array([[2, 10]], np.float32),
            offset=np.array([[1, 2]], np.int8),
        )
        return mb.constexpr_sparse_to_dense(nonzero_data=data, mask=mask)

    assert _decode(make, "iOS18") == [[18, 0], [4, 20]]


def test_a_table_that_is_quantized_itself():
    """The table is decoded first."""

    def make():
        lut = mb.constexpr_blockwise_shift_scale(
            data=np.array([1, 2], np.int8).reshape(1, 1, 2, 1), scale=np.full((1, 1, 1, 1), 0.5, np.float32)
        )
        return mb.constexpr_lut_to_dense(indices=np.array([[0, 1], [1, 1]], types.np_uint1_dtype), lut=lut)

    assert _decode(make, "iOS18") == [[0.5, 1], [1, 1]]


def test_numbers_of_half_precision_as_single():
    """`constexpr_cast` keeps what half precision can hold."""
    source = np.array([[0.1, -2], [65504, 6e-8]], np.float16)

    decoded = _decode(lambda: mb.constexpr_cast(source_val=source, output_dtype="fp32"), "iOS16")

    assert decoded == source.astype(np.float32).tolist()
