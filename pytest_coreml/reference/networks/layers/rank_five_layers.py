"""The shapes of the first networks: blobs of [sequence, batch, channels, height, width]."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_coreml.reference.errors import BadModelError
from pytest_coreml.reference.networks.layer_registry import lowers

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_coreml.reference.networks.layer_context import LayerContext, Size
    from pytest_coreml.reference.networks.tensors import Blob, Tensor


@lowers("loadConstant")
def load_constant(ctx: LayerContext) -> Blob:
    """Lower an image that is part of the model."""
    shape = [1, *ctx.params.shape]
    return ctx.from_image(ctx.weights(ctx.params.data, shape, "the constant"), (1, 1))


@lowers("flatten")
def flatten(ctx: LayerContext) -> Blob:
    """Lower an image that becomes channels, which are the last or the first to be counted."""
    image = ctx.image()
    if ctx.params.mode == ctx.params.CHANNEL_LAST:
        image = ctx.transpose(image, 0, 2, 3, 1)
    first = ctx.sizes(image)[0]
    channels = None if None in image.shape[1:] else _product(ctx.static(image)[1:])
    return ctx.from_image(ctx.reshape(image, [first, channels, 1, 1]))


def _product(sizes: Sequence[int]) -> int:
    product = 1
    for size in sizes:
        product *= size
    return product


@lowers("reshape")
def reshape(ctx: LayerContext) -> Blob:
    """Lower an image, or with a fourth number a sequence of images, that gets another shape."""
    params = ctx.params
    target = [None if size == -1 else int(size) for size in params.targetShape]
    if len(target) not in (3, 4) or target.count(None) > 1:
        raise BadModelError(f"has the target shape {list(params.targetShape)}, expected 3 or 4 numbers, one of them -1")
    x, rank = _rank_five(ctx)
    sequence, batch, *_ = ctx.sizes(x)
    new: Size | None = sequence if len(target) == 3 else target[0]
    last = params.mode == params.CHANNEL_LAST
    # Each sample of the batch is reshaped by itself.
    is_single = x.shape[1] == 1 or len(target) == 3
    axes = (0, 1, 2, 3, 4) if is_single else (1, 0, 2, 3, 4)
    channels, height, width = target[-3:]
    leading = [new, batch] if is_single else [batch, new]
    if last:
        x = ctx.transpose(x, *axes[:2], 3, 4, 2)
        result = ctx.transpose(ctx.reshape(x, [*leading, height, width, channels]), *axes[:2], 4, 2, 3)
    else:
        result = ctx.transpose(ctx.reshape(ctx.transpose(x, *axes), [*leading, channels, height, width]), *axes)
    return ctx.from_whole(ctx.squeeze(result, 0) if rank == 4 and result.shape[0] == 1 else result)


@lowers("permute")
def permute(ctx: LayerContext) -> Blob:
    """Lower sequence, channels, height and width in another order; the batch stays."""
    axes = [int(axis) for axis in ctx.params.axis]
    if sorted(axes) != [0, 1, 2, 3]:
        raise BadModelError(f"has the axes {axes}, expected an order of 0 to 3")
    blob = ctx.blob()
    if axes[0] == 0 and blob.rank >= 4:
        return ctx.from_image(ctx.transpose(ctx.as_image(blob), *axes))
    x, _ = _rank_five(ctx)
    place = [0, 2, 3, 4]
    return ctx.from_whole(ctx.transpose(x, place[axes[0]], 1, *(place[axis] for axis in axes[1:])))


def _rank_five(ctx: LayerContext) -> tuple[Tensor, int]:
    """Return the first input with all five axes, and its own rank."""
    x = ctx.x()
    if x.rank > 5:
        ctx.refuse(f"an input of rank {x.rank}, expected 5")
    missing = 5 - x.rank
    return (ctx.unsqueeze(x, *range(missing)) if missing else x), x.rank


@lowers("concat")
def concat(ctx: LayerContext) -> Blob:
    """Lower blobs behind each other, along the channels or the sequence."""
    blobs = ctx.blobs
    if ctx.params.sequenceConcat:
        tensors = [ctx.whole(blob) for blob in blobs]
        return ctx.from_whole(ctx.node("Concat", *tensors, axis=ctx.axis(-5, tensors[0].rank)))
    leading = {blob.leading for blob in blobs}
    if len(leading) == 1 and len({blob.rank for blob in blobs}) == 1 and None not in next(iter(leading)):
        return ctx.from_image(ctx.node("Concat", *map(ctx.as_image, blobs), axis=1))
    return ctx.from_whole(ctx.node("Concat", *map(ctx.whole, blobs), axis=-3))


@lowers("split")
def split(ctx: LayerContext) -> list[Blob]:
    """Lower equal parts of the channels."""
    image = ctx.image()
    count = len(ctx.layer.output)
    channels = ctx.static(ctx.x() if image.shape[1] is None else image)[1]
    if channels % count:
        raise BadModelError(f"divides {channels} channels into {count} parts")
    sizes = ctx.int64([channels // count] * count)
    return [ctx.from_image(part) for part in ctx.nodes("Split", image, sizes, outputs=count, axis=1)]


@lowers("sequenceRepeat")
def sequence_repeat(ctx: LayerContext) -> Tensor:
    """Lower a sequence that is repeated."""
    x = ctx.x()
    repeats = [1] * x.rank
    repeats[ctx.axis(-5, x.rank)] = int(ctx.params.nRepetitions)
    return ctx.node("Tile", x, ctx.int64(repeats))


@lowers("slice")
def slice_(ctx: LayerContext) -> Blob:
    """Lower a slice of channels, height or width; an end of 0 is one that was not set."""
    params = ctx.params
    axis = {"CHANNEL_AXIS": -3, "HEIGHT_AXIS": -2, "WIDTH_AXIS": -1}[params.SliceAxis.Name(params.axis)]
    end = int(params.endIndex) or 2**31
    return ctx.map(lambda x: ctx.cut(x, axis, int(params.startIndex), end, int(params.stride) or 1))


@lowers("crop")
def crop(ctx: LayerContext) -> Blob:
    """Lower an image without its borders, or the part of it that has the size of a second one."""
    params = ctx.params
    image = ctx.image()
    if ctx.count == 1:
        edges = [(int(edge.startEdgeSize), int(edge.endEdgeSize)) for edge in params.cropAmounts.borderAmounts]
        bounds = [(start, size - end) for (start, end), size in zip(edges, ctx.static(image)[2:], strict=True)]
    else:
        offsets = [int(offset) for offset in params.offset] or [0, 0]
        other = ctx.static(ctx.image(1))[2:]
        bounds = [(offset, offset + size) for offset, size in zip(offsets, other, strict=True)]
    for axis, (begin, end) in enumerate(bounds, 2):
        if not 0 <= begin <= end:
            raise BadModelError(f"crops the axis {axis} of {list(image.shape)} from {begin} to {end}")
        image = ctx.cut(image, axis, begin, end)
    return ctx.from_image(image)


@lowers("reduce")
def reduce(ctx: LayerContext) -> Blob:
    """Lower a sum, or something like it, over axes of the image, which keep the size 1."""
    params = ctx.params
    mode = params.ReduceOperation.Name(params.mode)
    axes = {"CHW": [-3, -2, -1], "HW": [-2, -1], "C": [-3], "H": [-2], "W": [-1]}[params.ReduceAxis.Name(params.axis)]
    names = {"SUM": "Sum", "AVG": "Mean", "PROD": "Prod", "SUMSQUARE": "SumSquare", "L1": "L1", "L2": "L2"}
    names.update(MAX="Max", MIN="Min", LOGSUM="Sum")

    def function(x: Tensor) -> Tensor:
        if mode == "ARGMAX":
            return ctx.floats(ctx.node("ArgMax", x, axis=axes[0], keepdims=1))
        if mode == "LOGSUM":
            x = ctx.node("Log", ctx.node("Add", x, ctx.number(params.epsilon or 1e-6)))
        return ctx.node(f"Reduce{names[mode]}", x, ctx.int64(axes))

    if mode == "ARGMAX" and len(axes) > 1:
        ctx.refuse("ARGMAX over several axes")
    return ctx.map(function)


@lowers("reorganizeData")
def reorganize_data(ctx: LayerContext) -> Blob:
    """Lower blocks of an image that become channels, or channels that become blocks."""
    params = ctx.params
    size = int(params.blockSize)
    mode = params.ReorganizationType.Name(params.mode)
    if mode == "SPACE_TO_DEPTH":
        return ctx.from_image(ctx.node("SpaceToDepth", ctx.image(), blocksize=size))
    order = "DCR" if mode == "DEPTH_TO_SPACE" else "CRD"
    return ctx.from_image(ctx.node("DepthToSpace", ctx.image(), blocksize=size, mode=order))
