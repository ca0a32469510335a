"""Operations that change the shape of a tensor (`tensor_transformation.py` of coremltools)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_coreml.reference.format.dtypes import DType
from pytest_coreml.reference.lowering.registry import lowers
from pytest_coreml.reference.lowering.shapes import dimension, vector

if TYPE_CHECKING:
    from pytest_coreml.reference.graph import Value
    from pytest_coreml.reference.lowering.context import Context


@lowers("transpose")
def transpose(ctx: Context) -> Value:
    """Lower a permutation, whose entries may be negative."""
    ctx.check_per_axis("perm", ctx.rank("x"))
    return ctx.node("Transpose", ctx.input("x"), perm=ctx.axes("perm", ctx.rank("x")))


@lowers("expand_dims")
def expand_dims(ctx: Context) -> Value:
    """Lower new dimensions of size one; the axes are those of the output."""
    rank = ctx.rank("x") + ctx.const("axes").size
    return ctx.node("Unsqueeze", ctx.input("x"), ctx.int64(ctx.axes("axes", rank)))


@lowers("squeeze")
def squeeze(ctx: Context) -> Value:
    """Lower the removal of dimensions of size one, all of them by default; other dimensions stay, even if named."""
    shape = ctx.shape("x")
    axes = [axis for axis in ctx.axes("axes", len(shape), range(len(shape))) if shape[axis] == 1]
    return ctx.node("Squeeze", ctx.input("x"), ctx.int64(axes)) if axes else ctx.input("x")


@lowers("reshape")
def reshape(ctx: Context) -> Value:
    """Lower a new shape; 0 keeps a dimension, counted from the last one, and -1 stands for the rest."""
    x, shape = ctx.input("x"), ctx.as_int64("shape")
    size, rank = ctx.shape("shape")[0], ctx.rank("x")
    # Up to iOS 16, 0 is for shapes of the same rank only. There it means what it means in ONNX.
    if size == rank:
        return ctx.node("Reshape", x, shape)
    if ctx.is_const("shape"):
        return ctx.node("Reshape", x, _without_zeros(ctx))
    if size is None:
        ctx.refuse("the rank of the result is unknown")
    own_sizes = ctx.node("Shape", x, start=max(0, rank - size))
    own_sizes = ctx.node("Concat", ctx.int64([1] * (size - rank)), own_sizes, axis=0)
    is_zero = ctx.node("Equal", shape, ctx.int64(0))
    return ctx.node("Reshape", x, ctx.node("Where", is_zero, own_sizes, shape))


def _without_zeros(ctx: Context) -> Value:
    """Return the constant `shape` with each 0 replaced by the dimension of `x` at the same distance from the end."""
    sizes, offset = ctx.ints("shape"), ctx.rank("x") - ctx.const("shape").size
    x, shape = ctx.input("x"), ctx.shape("x")
    return vector(
        ctx,
        [
            size if size != 0 else 1 if index + offset < 0 else dimension(ctx, x, shape, index + offset)
            for index, size in enumerate(sizes)
        ],
    )


@lowers("reshape_like")
def reshape_like(ctx: Context) -> Value:
    """Lower a new shape composed of dimensions of other tensors."""
    shape = [size for size in ctx.output_type().shape if size is not None]
    if len(shape) == ctx.output_type().rank:
        return ctx.node("Reshape", ctx.input("x"), ctx.int64(shape), allowzero=True)
    slices = zip(*(ctx.all_scalars(param) for param in ("begins", "ends", "end_masks")), strict=True)
    parts = [
        ctx.node("Shape", ref, start=begin, end=None if is_masked else end)
        for ref, (begin, end, is_masked) in zip(ctx.inputs("ref_tensors"), slices, strict=True)
    ]
    return ctx.node("Reshape", ctx.input("x"), ctx.node("Concat", *parts, axis=0), allowzero=True)


@lowers("flatten2d")
def flatten2d(ctx: Context) -> Value:
    """Lower to a matrix: the dimensions before the axis, and those from the axis on."""
    before = range(ctx.rank("x"))[: ctx.scalar("axis", 1)]
    return ctx.node("Flatten", ctx.input("x"), axis=len(before))


@lowers("shape")
def shape(ctx: Context) -> Value:
    """Lower the sizes of all dimensions."""
    return ctx.cast(ctx.node("Shape", ctx.input("x")), DType.INT32)
