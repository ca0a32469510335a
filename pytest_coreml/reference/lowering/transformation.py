"""Operations that rearrange a tensor (`tensor_transformation.py` of coremltools)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from pytest_coreml.reference.lowering.registry import lowers

if TYPE_CHECKING:
    from pytest_coreml.reference.graph import Value
    from pytest_coreml.reference.lowering.context import Context

_FAR: Final = 2**63 - 1


@lowers("transpose")
def transpose(ctx: Context) -> Value:
    """Lower a permutation, whose entries may be negative."""
    return ctx.node("Transpose", ctx.input("x"), perm=ctx.axes("perm", ctx.rank("x")))


@lowers("expand_dims")
def expand_dims(ctx: Context) -> Value:
    """Lower new dimensions of size one; the axes are those of the output."""
    rank = ctx.rank("x") + ctx.const("axes").size
    return ctx.node("Unsqueeze", ctx.input("x"), ctx.int64(ctx.axes("axes", rank)))


@lowers("squeeze")
def squeeze(ctx: Context) -> Value:
    """Lower the removal of dimensions of size one, all of them by default."""
    if not ctx.has("axes"):
        return ctx.node("Squeeze", ctx.input("x"))
    return ctx.node("Squeeze", ctx.input("x"), ctx.int64(ctx.axes("axes", ctx.rank("x"))))


@lowers("reshape")
def reshape(ctx: Context) -> Value:
    """Lower a new shape; 0 keeps a dimension, -1 is what is left."""
    return ctx.node("Reshape", ctx.input("x"), ctx.as_int64("shape"))


@lowers("slice_by_index")
def slice_by_index(ctx: Context) -> Value:
    """Lower a slice as Python writes it, where the positions are constant; squeezed dimensions take one element."""
    rank = ctx.rank("x")
    begin, end, stride = ctx.ints("begin"), ctx.ints("end"), ctx.ints("stride", [1] * rank)
    nothing = [False] * rank
    begin_mask, end_mask = ctx.flags("begin_mask", nothing), ctx.flags("end_mask", nothing)
    squeezed = [axis for axis, flag in enumerate(ctx.flags("squeeze_mask", nothing)) if flag]
    for axis in range(rank):
        if axis in squeezed:
            stride[axis], end[axis] = 1, begin[axis] + 1 if begin[axis] != -1 else _FAR
        else:
            forward = stride[axis] > 0
            begin[axis] = (0 if forward else _FAR) if begin_mask[axis] else begin[axis]
            end[axis] = (_FAR if forward else -_FAR) if end_mask[axis] else end[axis]
    positions = map(ctx.int64, (begin, end, list(range(rank)), stride))
    result = ctx.node("Slice", ctx.input("x"), *positions)
    return ctx.node("Squeeze", result, ctx.int64(squeezed)) if squeezed else result
