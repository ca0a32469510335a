"""Compressed weights (`constexpr_*`), decoded with numpy while the model is loaded."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from pytest_coreml.reference.format.dtypes import DType
from pytest_coreml.reference.format.packing import packed_size, unpack
from pytest_coreml.reference.lowering.registry import lowers

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from pytest_coreml.reference.format.values import Constant
    from pytest_coreml.reference.lowering.context import Context


def _result(ctx: Context, array: NDArray[Any], index: int = 0) -> Constant:
    dtype = ctx.output_type(index).dtype
    declared = ctx.output_type(index).shape
    if array.shape != declared:
        ctx.refuse(f"decoded to the shape {list(array.shape)}, but declared as {list(declared)}")
    return ctx.constant(np.ascontiguousarray(array, dtype.numpy), dtype)


@lowers("constexpr_cast")
def cast(ctx: Context) -> Constant:
    """Decode by converting the elements."""
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
    """Decode by a look-up table: one packed table (iOS 16), or one table for each block of the tensor (iOS 18)."""
    lut, indices = ctx.const("lut"), ctx.const("indices")
    if ctx.has("shape"):
        return _result(ctx, lut[_unpacked(ctx, indices, lut.size)])
    return _result(ctx, _looked_up(ctx, indices))


@lowers("constexpr_lut_to_sparse")
def lut_to_sparse(ctx: Context) -> tuple[Constant, Constant]:
    """Decode the stored indices by a table; the mask is repeated for each entry of the table that is a vector."""
    mask = ctx.const("indices_mask")
    decoded = _looked_up(ctx, _dense(ctx, mask, "indices_nonzero_data"))
    size = ctx.const("lut").shape[-1]
    spread = mask if size == 1 else np.repeat(mask, size, ctx.axis("vector_axis", mask.ndim))
    return _result(ctx, spread, 0), _result(ctx, decoded[spread != 0], 1)


def _looked_up(ctx: Context, indices: NDArray[Any]) -> NDArray[Any]:
    """Look up indices in the table of their block; an entry that is a vector is laid out along *vector_axis*."""
    lut = ctx.const("lut")
    if lut.ndim != indices.ndim + 2:
        ctx.refuse(f"`lut` has rank {lut.ndim}, expected {indices.ndim + 2}")
    _check_blocks(ctx, "lut", lut.shape[:-2], indices.shape)
    if indices.size and int(indices.max()) >= lut.shape[-2]:
        ctx.refuse(f"the index {indices.max()} is out of range for tables of {lut.shape[-2]} entries")
    places = [
        (np.arange(size) // (size // blocks)).reshape([-1 if i == axis else 1 for i in range(indices.ndim)])
        for axis, (size, blocks) in enumerate(zip(indices.shape, lut.shape, strict=False))
    ]
    entry = (*places, indices)
    vectors: NDArray[Any] = lut[entry]
    if vectors.shape[-1] == 1:
        return vectors.reshape(indices.shape)
    axis = ctx.axis("vector_axis", indices.ndim)
    shape = [size * (vectors.shape[-1] if i == axis else 1) for i, size in enumerate(indices.shape)]
    return np.moveaxis(vectors, -1, axis + 1).reshape(shape)


def _unpacked(ctx: Context, packed: NDArray[Any], entries: int) -> NDArray[Any]:
    """Unpack indices into a table of this many entries."""
    shape = tuple(ctx.ints("shape"))
    names = {2: DType.UINT1, 4: DType.UINT2, 16: DType.UINT4, 64: DType.UINT6, 256: DType.UINT8}
    dtype = names.get(entries)
    if dtype is None or packed.size != packed_size(int(np.prod(shape)), dtype):
        ctx.refuse(f"{packed.size} bytes of indices into a table of {entries} do not fill the shape {list(shape)}")
    return unpack(packed, dtype, shape)


@lowers("constexpr_sparse_to_dense")
def sparse_to_dense(ctx: Context) -> Constant:
    """Decode sparse data: elements where the mask is set, zeros elsewhere."""
    mask = ctx.const("mask")
    if ctx.has("shape"):
        mask = unpack(mask, DType.UINT1, tuple(ctx.ints("shape")))
    return _result(ctx, _dense(ctx, mask, "nonzero_data"))


def _dense(ctx: Context, mask: NDArray[Any], param: str) -> NDArray[Any]:
    """Return the elements of a parameter where the mask is set, zeros elsewhere."""
    data = ctx.const(param)
    if np.count_nonzero(mask) != data.size:
        ctx.refuse(f"the mask has {np.count_nonzero(mask)} bits set, but there are {data.size} elements")
    dense = np.zeros(mask.shape, data.dtype)
    dense[mask != 0] = data.reshape(-1)
    return dense


@lowers("constexpr_blockwise_shift_scale")
def blockwise_shift_scale(ctx: Context) -> Constant:
    """Decode `(data - offset) * scale`, one offset and scale for each block."""
    return _result(ctx, _shifted_and_scaled(ctx, ctx.const("data")))


@lowers("constexpr_sparse_blockwise_shift_scale")
def sparse_blockwise_shift_scale(ctx: Context) -> tuple[Constant, Constant]:
    """Decode the stored elements, and return the mask unchanged."""
    mask = ctx.const("data_mask")
    decoded = _shifted_and_scaled(ctx, _dense(ctx, mask, "nonzero_data"))
    return _result(ctx, mask, 0), _result(ctx, decoded[mask != 0], 1)


def _shifted_and_scaled(ctx: Context, data: NDArray[Any]) -> NDArray[Any]:
    shifted = data.astype(np.float32)
    if ctx.has("offset"):
        shifted -= _blocks(ctx, "offset", data.shape)
    shifted *= _blocks(ctx, "scale", data.shape)
    return shifted


def _blocks(ctx: Context, param: str, shape: tuple[int, ...]) -> NDArray[Any]:
    """Repeat each number over its block."""
    array = ctx.const(param).astype(np.float32)
    _check_blocks(ctx, param, array.shape, shape)
    for axis, size in enumerate(shape):
        if array.shape[axis] not in (1, size):
            array = np.repeat(array, size // array.shape[axis], axis)
    return array


def _check_blocks(ctx: Context, param: str, blocks: tuple[int, ...], shape: tuple[int, ...]) -> None:
    """Refuse a number of blocks that does not divide the size of its dimension."""
    if len(blocks) != len(shape) or any(n == 0 or size % n for size, n in zip(shape, blocks, strict=False)):
        ctx.refuse(f"`{param}` of shape {list(blocks)} does not divide the shape {list(shape)}")
