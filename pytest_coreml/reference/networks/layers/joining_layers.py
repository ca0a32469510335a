"""Blobs put together and taken apart."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from pytest_coreml.reference.networks.layer_registry import lowers

if TYPE_CHECKING:
    from pytest_coreml.reference.networks.layer_context import LayerContext
    from pytest_coreml.reference.networks.tensors import Tensor


@lowers("concatND")
def concat_nd(ctx: LayerContext) -> Tensor:
    """Lower blobs behind each other along an axis, or in turns."""
    tensors = [ctx.x(index) for index in range(ctx.count)]
    axis = ctx.axis(ctx.params.axis, tensors[0].rank)
    if not ctx.params.interleave:
        return ctx.node("Concat", *tensors, axis=axis)
    stacked = ctx.node("Concat", *(ctx.unsqueeze(tensor, axis + 1) for tensor in tensors), axis=axis + 1)
    sizes = ctx.sizes(tensors[0])
    return ctx.reshape(stacked, [*sizes[:axis], None, *sizes[axis + 1 :]])


@lowers("stack")
def stack(ctx: LayerContext) -> Tensor:
    """Lower blobs along a new axis."""
    tensors = [ctx.x(index) for index in range(ctx.count)]
    axis = ctx.axis(ctx.params.axis, tensors[0].rank + 1)
    return ctx.node("Concat", *(ctx.unsqueeze(tensor, axis) for tensor in tensors), axis=axis)


@lowers("splitND")
def split_nd(ctx: LayerContext) -> list[Tensor]:
    """Lower parts of given sizes, or as equal as they can be."""
    params = ctx.params
    x = ctx.x()
    axis = ctx.axis(params.axis, x.rank)
    sizes = [int(size) for size in params.splitSizes]
    if not sizes:
        count = int(params.numSplits) or len(ctx.layer.output)
        sizes = [len(part) for part in np.array_split(np.empty(ctx.static(x)[axis], np.int8), count)]
    return ctx.nodes("Split", x, ctx.int64(sizes), outputs=len(sizes), axis=axis)
