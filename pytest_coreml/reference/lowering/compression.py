"""Compressed weights (`constexpr_*`), decoded with numpy while the model is loaded."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from pytest_coreml.reference.dtypes import DType
from pytest_coreml.reference.lowering.registry import lowers
from pytest_coreml.reference.packing import packed_size, unpack

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from pytest_coreml.reference.lowering.context import Context
    from pytest_coreml.reference.values import Constant


def _result(ctx: Context, array: NDArray[Any]) -> Constant:
    dtype = ctx.output_type().dtype
    declared = ctx.output_type().shape
    if array.shape != declared:
        ctx.refuse(f"decoded to the shape {list(array.shape)}, the program says {list(declared)}")
    return ctx.constant(np.ascontiguousarray(array, dtype.numpy), dtype)


@lowers("constexpr_cast")
def cast(ctx: Context) -> Constant:
    """Convert the elements."""
    return _result(ctx, ctx.const("source_val"))


@lowers("constexpr_affine_dequantize")
def affine_dequantize(ctx: Context) -> Constant:
    """Decode `(quantized_data - zero_point) * scale`, both scalars or vectors along `axis`."""
    data, axis = ctx.const("quantized_data"), ctx.axis("axis", ctx.rank("quantized_data"))
    along = [-1 if index == axis else 1 for index in range(data.ndim)]
    scale, zero = (_along(ctx.const(param), along) for param in ("scale", "zero_point"))
    return _result(ctx, (data.astype(np.float32) - zero.astype(np.float32)) * scale.astype(np.float32))


def _along(array: NDArray[Any], shape: list[int]) -> NDArray[Any]:
    return array.reshape(shape) if array.size > 1 else array.reshape(())


@lowers("constexpr_lut_to_dense")
def lut_to_dense(ctx: Context) -> Constant:
    """Look each index up in a table: one packed table (iOS 16), or one table a block of the tensor (iOS 18)."""
    lut, indices = ctx.const("lut"), ctx.const("indices")
    if ctx.has("shape"):
        return _result(ctx, lut[_unpacked(ctx, indices, lut.size)])
    if lut.ndim != indices.ndim + 2:
        ctx.refuse(f"`lut` has rank {lut.ndim}, expected {indices.ndim + 2}")
    places = [
        (np.arange(size) // (size // blocks)).reshape([-1 if i == axis else 1 for i in range(indices.ndim)])
        for axis, (size, blocks) in enumerate(zip(indices.shape, lut.shape, strict=False))
    ]
    entry = (*places, indices)
    vectors = lut[entry]
    if vectors.shape[-1] == 1:
        return _result(ctx, vectors[..., 0])
    axis = ctx.axis("vector_axis", indices.ndim)
    shape = [size * (vectors.shape[-1] if i == axis else 1) for i, size in enumerate(indices.shape)]
    return _result(ctx, np.moveaxis(vectors, -1, axis + 1).reshape(shape))


def _unpacked(ctx: Context, packed: NDArray[Any], entries: int) -> NDArray[Any]:
    """Take packed indices into a table of so many entries apart."""
    shape = tuple(ctx.ints("shape"))
    names = {2: DType.UINT1, 4: DType.UINT2, 16: DType.UINT4, 64: DType.UINT6, 256: DType.UINT8}
    dtype = names.get(entries)
    if dtype is None or packed.size != packed_size(int(np.prod(shape)), dtype):
        ctx.refuse(f"{packed.size} bytes of indices into a table of {entries} do not make the shape {list(shape)}")
    return unpack(packed, dtype, shape)


@lowers("constexpr_sparse_to_dense")
def sparse_to_dense(ctx: Context) -> Constant:
    """Put the data where the mask has a bit, zeros elsewhere."""
    mask = ctx.const("mask")
    if ctx.has("shape"):
        mask = unpack(mask, DType.UINT1, tuple(ctx.ints("shape")))
    data = ctx.const("nonzero_data")
    if np.count_nonzero(mask) != data.size:
        ctx.refuse(f"the mask has {np.count_nonzero(mask)} bits set, for {data.size} numbers")
    dense = np.zeros(mask.shape, data.dtype)
    dense[mask != 0] = data.reshape(-1)
    return _result(ctx, dense)


@lowers("constexpr_blockwise_shift_scale")
def blockwise_shift_scale(ctx: Context) -> Constant:
    """Decode `(data - offset) * scale`, one offset and scale a block."""
    data = ctx.const("data")
    shifted = data.astype(np.float32)
    if ctx.has("offset"):
        shifted = shifted - _blocks(ctx, "offset", data.shape)
    return _result(ctx, shifted * _blocks(ctx, "scale", data.shape))


def _blocks(ctx: Context, param: str, shape: tuple[int, ...]) -> NDArray[Any]:
    """Repeat each number over its block."""
    array = ctx.const(param).astype(np.float32)
    if array.ndim != len(shape) or any(n == 0 or size % n for size, n in zip(shape, array.shape, strict=False)):
        ctx.refuse(f"`{param}` of shape {list(array.shape)} does not divide the shape {list(shape)}")
    for axis, size in enumerate(shape):
        if array.shape[axis] not in (1, size):
            array = np.repeat(array, size // array.shape[axis], axis)
    return array
