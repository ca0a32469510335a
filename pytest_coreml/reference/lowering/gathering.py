"""Operations that take elements by their indices (`scatter_gather.py` of coremltools).

An index may count from the end, as -1; where an operation says `validate_indices` (iOS 17), it may not. What is out of
range fails in ONNX Runtime.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_coreml.reference.lowering.registry import lowers

if TYPE_CHECKING:
    from pytest_coreml.reference.graph import Value
    from pytest_coreml.reference.lowering.context import Context


def indices(ctx: Context) -> Value:
    """Give the parameter `indices` as int64, so that what is not allowed is out of range."""
    value = ctx.as_int64("indices")
    if not ctx.scalar("validate_indices", False):
        return value
    beyond = ctx.int64(2**31)
    return ctx.node("Where", ctx.node("Less", value, ctx.int64(0)), beyond, value)


@lowers("gather")
def gather(ctx: Context) -> Value:
    """Lower the slices of one axis that `indices` names, with `batch_dims` of them for each batch."""
    x, rank = ctx.input("x"), ctx.rank("x")
    axis, batch = ctx.axis("axis", rank, 0), ctx.scalar("batch_dims", 0)
    if not batch:
        return ctx.node("Gather", x, indices(ctx), axis=axis)
    between = list(range(batch, axis))
    if between:
        x = ctx.node("Transpose", x, perm=[*range(batch), axis, *between, *range(axis + 1, rank)])
    each = ctx.node("Unsqueeze", indices(ctx), ctx.int64([-1]))
    result = ctx.node("GatherND", x, each, batch_dims=batch)
    if not between:
        return result
    # The result is [*batch, *indices, *between, *after], wanted is [*batch, *between, *indices, *after].
    start, total = ctx.rank("indices"), ctx.output_type().rank
    moved = range(start, start + len(between))
    perm = [*range(batch), *moved, *range(batch, start), *range(start + len(between), total)]
    return ctx.node("Transpose", result, perm=perm)


@lowers("gather_along_axis")
def gather_along_axis(ctx: Context) -> Value:
    """Lower one element for each index, which says its place along an axis."""
    return ctx.node("GatherElements", ctx.input("x"), indices(ctx), axis=ctx.axis("axis", ctx.rank("x"), 0))


@lowers("gather_nd")
def gather_nd(ctx: Context) -> Value:
    """Lower the slices that vectors of indices name."""
    return ctx.node("GatherND", ctx.input("x"), indices(ctx), batch_dims=ctx.scalar("batch_dims", 0))
