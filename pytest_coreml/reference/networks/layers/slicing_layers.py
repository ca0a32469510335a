"""Parts of blobs of any rank."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from pytest_coreml.reference.errors import BadModelError
from pytest_coreml.reference.format.dtypes import DType
from pytest_coreml.reference.networks.layer_registry import lowers

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_coreml.reference.networks.layer_context import LayerContext
    from pytest_coreml.reference.networks.tensors import Tensor

# Beyond every axis
_FAR: Final = 2**31


@lowers("sliceStatic")
def slice_static(ctx: LayerContext) -> Tensor:
    """Lower a slice by numbers."""
    params = ctx.params
    x = ctx.x()
    masks = [_flags(field, x.rank) for field in (params.beginMasks, params.endMasks, params.squeezeMasks)]
    begins, ends = ([int(number) for number in field] for field in (params.beginIds, params.endIds))
    strides = [int(number) for number in params.strides] or [1] * x.rank
    if not len(begins) == len(ends) == len(strides) == x.rank:
        raise BadModelError(f"slices an input of rank {x.rank} by {len(begins)} numbers")
    for axis, (no_begin, no_end, squeezed) in enumerate(zip(*masks, strict=True)):
        backwards = strides[axis] < 0
        if squeezed:
            strides[axis] = 1
            ends[axis] = begins[axis] + 1 if begins[axis] != -1 else _FAR
            continue
        if no_begin:
            begins[axis] = _FAR if backwards else 0
        if no_end:
            ends[axis] = -_FAR if backwards else _FAR
    cut = ctx.node("Slice", x, *map(ctx.int64, (begins, ends, list(range(x.rank)), strides)))
    return _squeezed(ctx, cut, masks[2])


def _flags(field: Sequence[bool], rank: int) -> list[bool]:
    return [bool(flag) for flag in field][:rank] or [False] * rank


def _squeezed(ctx: LayerContext, x: Tensor, flags: Sequence[bool]) -> Tensor:
    axes = [axis for axis, flag in enumerate(flags) if flag]
    return ctx.not_scalar(ctx.squeeze(x, *axes)) if axes else x


@lowers("sliceDynamic")
def slice_dynamic(ctx: LayerContext) -> Tensor:
    """Lower a slice by numbers that the network computes: begins, ends, strides, and masks of the three kinds."""
    params = ctx.params
    x = ctx.x()
    begin = ctx.row(ctx.integers(ctx.x(1)))
    end = _numbers(ctx, 2, params.endIds, x.rank, 0)
    stride = _numbers(ctx, 3, params.strides, x.rank, 1)
    no_begin, no_end, squeezed = (
        ctx.node("Cast", _numbers(ctx, index, field, x.rank, 0), to=DType.BOOL)
        for index, field in ((4, params.beginMasks), (5, params.endMasks), (6, params.squeezeMasks))
    )
    backwards = ctx.node("Less", stride, ctx.int64(0))
    begin = ctx.node("Where", no_begin, ctx.node("Where", backwards, ctx.int64(_FAR), ctx.int64(0)), begin)
    end = ctx.node("Where", no_end, ctx.node("Where", backwards, ctx.int64(-_FAR), ctx.int64(_FAR)), end)
    following = ctx.node("Add", begin, ctx.int64(1))
    is_last = ctx.node("Equal", begin, ctx.int64(-1))
    one = ctx.node("Where", is_last, ctx.int64(_FAR), following)
    end = ctx.node("Where", squeezed, one, end)
    stride = ctx.node("Where", squeezed, ctx.int64(1), stride)
    cut = ctx.node("Slice", x, begin, end, ctx.int64(list(range(x.rank))), stride)
    if squeezed.known is None:
        ctx.refuse("squeeze masks that are computed by the network")
    return _squeezed(ctx, cut, [bool(flag) for flag in squeezed.known])


def _numbers(ctx: LayerContext, index: int, field: Sequence[Any], rank: int, default: int) -> Tensor:
    """Return an input as integers, or the field that stands for it."""
    if ctx.count > index:
        return ctx.row(ctx.integers(ctx.x(index)))
    # coremltools writes five numbers where it has none of its own.
    return ctx.int64([int(number) for number in field][:rank] or [default] * rank)


@lowers("sliceBySize")
def slice_by_size(ctx: LayerContext) -> Tensor:
    """Lower a slice of a given size, whose begin the network computes."""
    params = ctx.params
    x = ctx.x()
    axis = ctx.axis(params.axis, x.rank)
    begin = ctx.row(ctx.integers(ctx.x(1)))
    size = x.shape[axis]
    if size is not None:
        begin = ctx.node("Where", ctx.node("Less", begin, ctx.int64(0)), ctx.node("Add", begin, ctx.int64(size)), begin)
    # By indices, so that the size of the result is known
    positions = ctx.node("Add", begin, ctx.int64(np.arange(int(params.size))))
    return ctx.node("Gather", x, positions, axis=axis)


@lowers("slidingWindows")
def sliding_windows(ctx: LayerContext) -> Tensor:
    """Lower all windows along an axis; they get a separate axis."""
    params = ctx.params
    x = ctx.x()
    axis = ctx.axis(params.axis, x.rank)
    count = (ctx.static(x)[axis] - int(params.windowSize)) // int(params.step) + 1
    if count < 1:
        raise BadModelError(f"has windows of {params.windowSize} on an axis of {ctx.static(x)[axis]}")
    positions = np.arange(count)[:, None] * int(params.step) + np.arange(int(params.windowSize))
    return ctx.node("Gather", x, ctx.int64(positions), axis=axis)


@lowers("reverse")
def reverse(ctx: LayerContext) -> Tensor:
    """Lower some axes backwards."""
    x = ctx.x()
    axes = [axis for axis, flag in enumerate(ctx.params.reverseDim) if flag]
    if not axes:
        return x
    numbers = [[-1] * len(axes), [-_FAR] * len(axes), axes, [-1] * len(axes)]
    return ctx.node("Slice", x, *map(ctx.int64, numbers))


@lowers("reverseSeq")
def reverse_sequence(ctx: LayerContext) -> Tensor:
    """Lower the first elements of each sequence backwards."""
    params = ctx.params
    x = ctx.x()
    batch, time = ctx.axis(params.batchAxis, x.rank), ctx.axis(params.sequenceAxis, x.rank)
    others = [axis for axis in range(x.rank) if axis not in (batch, time)]
    # ONNX has both among the first two axes.
    order = [batch, time, *others]
    turned = ctx.node(
        "ReverseSequence", ctx.transpose(x, *order), ctx.row(ctx.integers(ctx.x(1))), batch_axis=0, time_axis=1
    )
    return ctx.transpose(turned, *(int(axis) for axis in np.argsort(order)))


@lowers("matrixBandPart", "lowerTriangular", "upperTriangular")
def band(ctx: LayerContext) -> Tensor:
    """Lower matrices with zeros outside of a band."""
    params = ctx.params
    x = ctx.x()
    if ctx.type == "matrixBandPart":
        if params.numUpper >= 0:
            x = ctx.node("Trilu", x, ctx.int64(int(params.numUpper)), upper=0)
        if params.numLower >= 0:
            x = ctx.node("Trilu", x, ctx.int64(-int(params.numLower)), upper=1)
        return x
    return ctx.node("Trilu", x, ctx.int64(int(params.k)), upper=int(ctx.type == "upperTriangular"))
