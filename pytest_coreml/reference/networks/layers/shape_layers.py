"""Blobs of any rank in other shapes; their elements stay in order, but for `transpose`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from pytest_coreml.reference.errors import BadModelError
from pytest_coreml.reference.networks.layer_registry import lowers

if TYPE_CHECKING:
    from pytest_coreml.reference.networks.layer_context import LayerContext
    from pytest_coreml.reference.networks.tensors import Blob, Tensor


@lowers("reshapeStatic", "rankPreservingReshape")
def reshape_static(ctx: LayerContext) -> Tensor:
    """Lower a reshape to numbers, of which 0 keeps a dimension and -1 is found."""
    return ctx.node("Reshape", ctx.x(), ctx.int64([int(size) for size in ctx.params.targetShape]))


@lowers("reshapeDynamic")
def reshape_dynamic(ctx: LayerContext) -> Tensor:
    """Lower a reshape to numbers that the network computes."""
    return ctx.node("Reshape", ctx.x(), ctx.row(ctx.integers(ctx.x(1))))


@lowers("reshapeLike")
def reshape_like(ctx: LayerContext) -> Tensor:
    """Lower a reshape to the shape of another blob."""
    return ctx.reshape(ctx.x(), ctx.sizes(ctx.x(1)))


@lowers("squeeze")
def squeeze(ctx: LayerContext) -> Tensor:
    """Lower a blob without some axes of size 1, or all of them; it keeps one at the least."""
    x = ctx.x()
    if ctx.params.squeezeAll or not ctx.params.axes:
        kept = [size for size in ctx.static(x) if size != 1]
        return ctx.reshape(x, kept or [1])
    axes = [ctx.axis(axis, x.rank) for axis in ctx.params.axes]
    if any(x.shape[axis] not in (1, None) for axis in axes):
        raise BadModelError(f"squeezes the axes {axes} of the shape {list(x.shape)}")
    return ctx.not_scalar(ctx.squeeze(x, *axes))


@lowers("expandDims")
def expand_dims(ctx: LayerContext) -> Tensor:
    """Lower new axes of size 1; numbers count in the result."""
    return ctx.unsqueeze(ctx.x(), *(int(axis) for axis in ctx.params.axes))


@lowers("flattenTo2D")
def flatten_to_2d(ctx: LayerContext) -> Tensor:
    """Lower all axes before one, and all from it on, to one each."""
    x = ctx.x()
    axis = ctx.params.axis
    return ctx.node("Flatten", x, axis=axis if axis >= 0 else axis + x.rank)


@lowers("transpose")
def transpose(ctx: LayerContext) -> Blob | Tensor:
    """Lower axes in another order; leading axes that are not named stay."""
    axes = [int(axis) for axis in ctx.params.axes]
    x = ctx.x()
    stays = x.rank - len(axes)
    if stays < 0 or sorted(axes) != list(range(len(axes))):
        raise BadModelError(f"orders the axes of rank {x.rank} by {axes}")
    return ctx.transpose(x, *range(stays), *(axis + stays for axis in axes))


@lowers("getShape")
def get_shape(ctx: LayerContext) -> Tensor:
    """Lower the sizes of the axes, as numbers in single precision."""
    x = ctx.x()
    if None in x.shape:
        return ctx.floats(ctx.node("Shape", x))
    return ctx.literal(np.array(x.shape, np.float32))


@lowers("copy")
def copy(ctx: LayerContext) -> Blob:
    """Lower a second name for a blob."""
    return ctx.from_whole(ctx.x())
