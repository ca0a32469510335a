"""Operations that take elements by their indices (`scatter_gather.py` of coremltools).

Up to iOS 16 an index may be negative and count from the end. Since iOS 17 a negative index is out of range: an error
with `validate_indices`, undefined without. Here it is an error in both cases, rather than a number that Core ML might
not compute. ONNX Runtime checks every index.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from pytest_coreml.reference.format.dtypes import DType
from pytest_coreml.reference.lowering.registry import lowers
from pytest_coreml.reference.lowering.shapes import dimensions, no_smaller

if TYPE_CHECKING:
    from pytest_coreml.reference.graph import Value
    from pytest_coreml.reference.lowering.context import Context

# The opset since which an index must not be negative, that of iOS 17
_NOT_FROM_THE_END: Final = 7


def indices(ctx: Context) -> Value:
    """Return the parameter `indices` as int64, with indices that are not allowed moved out of range."""
    if ctx.opset < _NOT_FROM_THE_END:
        return ctx.as_int64("indices")
    if ctx.is_const("indices"):
        positions = ctx.const("indices").astype(np.int64)
        return ctx.int64(np.where(positions < 0, positions + 2**32, positions))
    return from_the_front(ctx, ctx.input("indices"))


def from_the_front(ctx: Context, positions: Value) -> Value:
    """Return positions as int64, negative ones made too large for any axis: ONNX would count them from the end."""
    return ctx.cast(ctx.cast(positions, DType.UINT32), DType.INT64)


def indices_along(ctx: Context, data: str, axis: int) -> Value:
    """Return `indices`, checked to be as large as *data* except along the axis; ONNX Runtime accepts smaller ones."""
    sizes = dict(enumerate(dimensions(ctx, ctx.input(data), ctx.shape(data))))
    del sizes[axis]
    return no_smaller(ctx, indices(ctx), "indices", sizes)


@lowers("gather")
def gather(ctx: Context) -> Value:
    """Lower the slices along one axis at `indices`, separately for each batch of the first `batch_dims` dimensions."""
    rank = ctx.rank("x")
    axis, batch = ctx.axis("axis", rank, 0), ctx.scalar("batch_dims", 0)
    if not batch:
        return ctx.node("Gather", ctx.input("x"), indices(ctx), axis=axis)
    x, places = _with_batches(ctx, batch)
    between = list(range(batch, axis))
    if between:
        x = ctx.node("Transpose", x, perm=[*range(batch), axis, *between, *range(axis + 1, rank)])
    result = ctx.node("GatherND", x, ctx.node("Unsqueeze", places, ctx.int64([-1])), batch_dims=batch)
    if not between:
        return result
    # The result is [*batch, *indices, *between, *after], wanted is [*batch, *between, *indices, *after].
    start, total = ctx.rank("indices"), ctx.output_type().rank
    moved = range(start, start + len(between))
    perm = [*range(batch), *moved, *range(batch, start), *range(start + len(between), total)]
    return ctx.node("Transpose", result, perm=perm)


@lowers("gather_along_axis")
def gather_along_axis(ctx: Context) -> Value:
    """Lower one element for each index, which is its position along an axis."""
    axis = ctx.axis("axis", ctx.rank("x"), 0)
    return ctx.node("GatherElements", ctx.input("x"), indices_along(ctx, "x", axis), axis=axis)


@lowers("gather_nd")
def gather_nd(ctx: Context) -> Value:
    """Lower the slices at vectors of indices."""
    batch = ctx.scalar("batch_dims", 0)
    return ctx.node("GatherND", *_with_batches(ctx, batch), batch_dims=batch)


def _with_batches(ctx: Context, count: int) -> tuple[Value, Value]:
    """Return `x` and `indices`, checked to have equal batches; ONNX Runtime broadcasts, or divides by zero (< 1.24)."""
    batches = [
        dict(enumerate(dimensions(ctx, ctx.input(param), ctx.shape(param))[:count])) for param in ("indices", "x")
    ]
    return (
        no_smaller(ctx, ctx.input("x"), "x", batches[0]),
        no_smaller(ctx, indices(ctx), "indices", batches[1]),
    )
