"""Operations that write elements at their indices (`scatter_gather.py` and `slice_update` of coremltools).

`gathering` describes which indices are allowed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from pytest_coreml.reference.format.dtypes import DType
from pytest_coreml.reference.lowering.ops.gathering import indices, indices_along
from pytest_coreml.reference.lowering.ops.slicing import read_slices, sliced
from pytest_coreml.reference.lowering.registry import lowers
from pytest_coreml.reference.lowering.shapes import vector

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pytest_coreml.reference.graph import Value
    from pytest_coreml.reference.lowering.context import Context
    from pytest_coreml.reference.lowering.known import Cut, Dimension
    from pytest_coreml.reference.lowering.ops.slicing import Slices

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
    """Lower one element for each index, which is its position along an axis."""
    axis = ctx.axis("axis", ctx.rank("data"), 0)
    places = indices_along(ctx, "data", axis)
    return _scattered(
        ctx, lambda data, updates, mode: ctx.node("ScatterElements", data, places, updates, axis=axis, reduction=mode)
    )


@lowers("scatter_nd")
def scatter_nd(ctx: Context) -> Value:
    """Lower an update of one slice for each vector of indices."""
    places = indices(ctx)
    return _scattered(ctx, lambda data, updates, mode: ctx.node("ScatterND", data, places, updates, reduction=mode))


@lowers("scatter")
def scatter(ctx: Context) -> Value:
    """Lower an update of one slice along an axis for each index; ONNX requires that axis first."""
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
    """Lower the seven modes to the reductions of ONNX; if an index occurs twice, both updates apply."""
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
    """Lower the tensor with a slice replaced by another tensor.

    The elements of the slice are addressed by indices up to the last axis that is not taken whole, so that ScatterND
    writes whole rows and nothing else.
    """
    slices, x, update = read_slices(ctx), ctx.input("x"), ctx.input("update")
    if slices.squeezed:
        update = ctx.node("Unsqueeze", update, ctx.int64(slices.squeezed))
    if not slices.cuts:
        return update
    places = [_places(ctx, slices.cuts.get(axis), axis) for axis in range(max(slices.cuts) + 1)]
    counts = vector(ctx, [*_counts(ctx, slices, places), 1])
    columns = []
    for axis, along in enumerate(places):
        column = ctx.int64([-1 if other == axis else 1 for other in range(len(places) + 1)])
        columns.append(ctx.node("Expand", ctx.node("Reshape", along, column), counts))
    return ctx.node("ScatterND", x, ctx.node("Concat", *columns, axis=-1), update)


def _places(ctx: Context, cut: Cut | None, axis: int) -> Value:
    """Return the indices of a slice of one axis: the slice of all its indices."""
    size = ctx.shape("x")[axis]
    # A known size: then the places are the same for all caches of a shape, and ONNX Runtime computes them once.
    if size is not None:
        end = ctx.int64(size)
    else:
        end = ctx.node("Squeeze", ctx.node("Shape", ctx.input("x"), start=axis, end=axis + 1))
    everything = ctx.node("Range", ctx.int64(0), end, ctx.int64(1))
    return everything if cut is None else sliced(ctx, everything, {0: cut})


def _counts(ctx: Context, slices: Slices, places: Sequence[Value]) -> list[Dimension]:
    """Return the number of indices along each axis."""
    axes = [axis for axis in range(ctx.rank("x")) if axis not in slices.squeezed]
    # Of an update of one element along an axis there is one index, or ScatterND fails. Others could be spread unseen.
    single = {axis for axis, size in zip(axes, ctx.shape("update"), strict=True) if size == 1} | {*slices.squeezed}
    return [1 if axis in single else ctx.node("Shape", along) for axis, along in enumerate(places)]
