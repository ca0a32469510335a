"""Operations that move elements between channels or batches and image (`tensor_transformation.py` of coremltools)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_coreml.reference.lowering.registry import lowers
from pytest_coreml.reference.lowering.shapes import dimensions, divided, no_smaller, plus, times, vector

if TYPE_CHECKING:
    from pytest_coreml.reference.graph import Value
    from pytest_coreml.reference.lowering.context import Context


@lowers("depth_to_space")
def depth_to_space(ctx: Context) -> Value:
    """Lower channels to blocks of the image; the position in the block varies slower than the channel."""
    return ctx.node("DepthToSpace", ctx.input("x"), blocksize=ctx.scalar("block_size"), mode="DCR")


@lowers("space_to_depth")
def space_to_depth(ctx: Context) -> Value:
    """Lower blocks of the image to channels; the position in the block varies slower than the channel."""
    return ctx.node("SpaceToDepth", ctx.input("x"), blocksize=ctx.scalar("block_size"))


@lowers("pixel_shuffle")
def pixel_shuffle(ctx: Context) -> Value:
    """Lower channels to blocks of the image; the channel varies slower than the position in the block."""
    return ctx.node("DepthToSpace", ctx.input("x"), blocksize=ctx.scalar("upscale_factor"), mode="CRD")


@lowers("pixel_unshuffle")
def pixel_unshuffle(ctx: Context) -> Value:
    """Lower blocks of the image to channels; the channel varies slower than the position in the block."""
    x, factor = ctx.input("x"), ctx.scalar("downscale_factor")
    batch, channels, height, width = dimensions(ctx, x, ctx.shape("x"))
    height, width = divided(ctx, height, factor), divided(ctx, width, factor)
    x = ctx.node("Reshape", x, vector(ctx, [batch, channels, height, factor, width, factor]))
    x = ctx.node("Transpose", x, perm=[0, 1, 3, 5, 2, 4])
    return ctx.node("Reshape", x, vector(ctx, [batch, times(ctx, channels, factor**2), height, width]))


@lowers("space_to_batch")
def space_to_batch(ctx: Context) -> Value:
    """Lower the padded image to batches, one for each position in a block, which varies slower than the batch."""
    (top, bottom), (left, right) = ctx.const("paddings").tolist()
    rows, columns = ctx.ints("block_shape")
    x = ctx.node("Pad", ctx.input("x"), ctx.int64([0, 0, top, left, 0, 0, bottom, right]))
    batch, channels, height, width = dimensions(ctx, ctx.input("x"), ctx.shape("x"))
    height = divided(ctx, plus(ctx, height, top + bottom), rows)
    width = divided(ctx, plus(ctx, width, left + right), columns)
    x = ctx.node("Reshape", x, vector(ctx, [batch, channels, height, rows, width, columns]))
    x = ctx.node("Transpose", x, perm=[3, 5, 0, 1, 2, 4])
    return ctx.node("Reshape", x, vector(ctx, [times(ctx, batch, rows * columns), channels, height, width]))


@lowers("batch_to_space")
def batch_to_space(ctx: Context) -> Value:
    """Lower batches to positions in blocks of an image, which is then cropped; the inverse of `space_to_batch`."""
    (top, bottom), (left, right) = ctx.const("crops").tolist()
    rows, columns = ctx.ints("block_shape")
    batch, channels, height, width = dimensions(ctx, ctx.input("x"), ctx.shape("x"))
    batch = divided(ctx, batch, rows * columns)
    x = no_smaller(ctx, ctx.input("x"), "x", {2: -(-(top + bottom) // rows), 3: -(-(left + right) // columns)})
    x = ctx.node("Reshape", x, vector(ctx, [rows, columns, batch, channels, height, width]))
    x = ctx.node("Transpose", x, perm=[2, 3, 4, 0, 5, 1])
    height, width = times(ctx, height, rows), times(ctx, width, columns)
    x = ctx.node("Reshape", x, vector(ctx, [batch, channels, height, width]))
    ends = vector(ctx, [plus(ctx, height, -bottom), plus(ctx, width, -right)])
    return ctx.node("Slice", x, ctx.int64([top, left]), ends, ctx.int64([2, 3]))
