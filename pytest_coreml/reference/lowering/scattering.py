"""Operations that write elements at their indices (`scatter_gather.py` and `slice_update` of coremltools).

What an index may be is said in `gathering`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from pytest_coreml.reference.dtypes import DType
from pytest_coreml.reference.lowering.gathering import indices
from pytest_coreml.reference.lowering.registry import lowers
from pytest_coreml.reference.lowering.slicing import read_slices

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_coreml.reference.graph import Value
    from pytest_coreml.reference.lowering.context import Context

# Subtracting is adding the negative, dividing is dividing by the product of the divisors.
_REDUCTIONS: Final = {
    "update": None,
    "add": "add",
    "sub": "add",
    "mul": "mul",
    "div": "mul",
    "max": "max",
    "min": "min",
}


@lowers("scatter_along_axis")
def scatter_along_axis(ctx: Context) -> Value:
    """Lower one element for each index, which says its place along an axis."""
    axis, places = ctx.axis("axis", ctx.rank("data"), 0), indices(ctx)
    return _scattered(
        ctx, lambda data, updates, mode: ctx.node("ScatterElements", data, places, updates, axis=axis, reduction=mode)
    )


@lowers("scatter_nd")
def scatter_nd(ctx: Context) -> Value:
    """Lower a slice for each vector of indices."""
    places = indices(ctx)
    return _scattered(ctx, lambda data, updates, mode: ctx.node("ScatterND", data, places, updates, reduction=mode))


@lowers("scatter")
def scatter(ctx: Context) -> Value:
    """Lower a slice of one axis for each index; ONNX wants that axis in front."""
    rank, count = ctx.rank("data"), ctx.rank("indices")
    axis = ctx.axis("axis", rank, 0)
    places = ctx.node("Unsqueeze", indices(ctx), ctx.int64([-1]))
    perm = [axis, *range(axis), *range(axis + 1, rank)]
    perm_updates = [*range(axis, axis + count), *range(axis), *range(axis + count, rank - 1 + count)]

    def write(data: Value, updates: Value, mode: str | None) -> Value:
        if axis:
            data = ctx.node("Transpose", data, perm=perm)
            updates = ctx.node("Transpose", updates, perm=perm_updates)
        result = ctx.node("ScatterND", data, places, updates, reduction=mode)
        return ctx.node("Transpose", result, perm=np.argsort(perm).tolist()) if axis else result

    return _scattered(ctx, write)


def _scattered(ctx: Context, write: Callable[[Value, Value, str | None], Value]) -> Value:
    """Lower the seven modes to the reductions of ONNX; where an index comes twice, both updates count."""
    data, updates, mode = ctx.input("data"), ctx.input("updates"), str(ctx.scalar("mode", "add"))
    if mode not in _REDUCTIONS:
        ctx.refuse(f"unknown mode {mode!r}")
    if mode == "sub":
        updates = ctx.node("Neg", updates)
    if mode != "div":
        return write(data, updates, _REDUCTIONS[mode])
    dtype = ctx.dtype("data")
    wide = dtype if dtype.is_float else DType.FP64
    ones = ctx.node("Expand", ctx.literal(1, wide), ctx.node("Shape", data))
    data, updates = (value if dtype.is_float else ctx.cast(value, wide) for value in (data, updates))
    quotient = ctx.node("Div", data, write(ones, updates, "mul"))
    return quotient if dtype.is_float else ctx.cast(quotient, dtype)


@lowers("slice_update")
def slice_update(ctx: Context) -> Value:
    """Lower a slice replaced by another tensor.

    The elements of the slice are named by their indices up to the last axis that is not taken whole: ScatterND then
    writes whole rows, and touches nothing else.
    """
    slices, x = read_slices(ctx), ctx.input("x")
    update = ctx.input("update")
    if slices.squeezed:
        update = ctx.node("Unsqueeze", update, ctx.int64(slices.squeezed))
    ranges = [_places(ctx, slices.begin, slices.end, slices.stride[axis], axis) for axis in range(_deepest(ctx) + 1)]
    if not ranges:
        return update
    counts = ctx.node("Concat", *[ctx.node("Shape", places) for places in ranges], axis=0)
    columns = []
    for axis, places in enumerate(ranges):
        shape = [-1 if other == axis else 1 for other in range(len(ranges))]
        spread = ctx.node("Expand", ctx.node("Reshape", places, ctx.int64(shape)), counts)
        columns.append(ctx.node("Unsqueeze", spread, ctx.int64([-1])))
    return ctx.node("ScatterND", x, ctx.node("Concat", *columns, axis=-1), update)


def _deepest(ctx: Context) -> int:
    """Give the last axis of which the slice may leave something out, or -1."""
    shape = ctx.shape("x")
    whole = [_is_whole(ctx, axis, size) for axis, size in enumerate(shape)]
    return max((axis for axis, is_whole in enumerate(whole) if not is_whole), default=-1)


def _is_whole(ctx: Context, axis: int, size: int | None) -> bool:
    nothing: list[Any] = [False] * ctx.rank("x")
    if ctx.flags("squeeze_mask", nothing)[axis]:
        return size == 1
    if ctx.ints("stride", [1] * len(nothing))[axis] != 1:
        return False
    begins = ctx.flags("begin_mask", nothing)[axis] or (ctx.is_const("begin") and ctx.ints("begin")[axis] == 0)
    if ctx.flags("end_mask", nothing)[axis]:
        return begins
    return begins and size is not None and ctx.is_const("end") and ctx.ints("end")[axis] >= size


def _places(ctx: Context, begin: Value, end: Value, stride: int, axis: int) -> Value:
    """Give the indices of a slice of one axis: the slice of all its indices."""
    first, last = (ctx.node("Slice", vector, *map(ctx.int64, ([axis], [axis + 1]))) for vector in (begin, end))
    known = ctx.shape("x")[axis]
    # A known size: then the places are the same for all caches of a shape, and ONNX Runtime computes them once.
    if known is not None:
        size = ctx.int64(known)
    else:
        size = ctx.node("Squeeze", ctx.node("Shape", ctx.input("x"), start=axis, end=axis + 1))
    everything = ctx.node("Range", ctx.int64(0), size, ctx.int64(1))
    return ctx.node("Slice", everything, first, last, ctx.int64([0]), ctx.int64([stride]))
