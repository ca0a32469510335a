"""Operations that take parts of a tensor (`tensor_transformation.py` and `image_resizing.py` of coremltools)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from pytest_coreml.reference.dtypes import DType
from pytest_coreml.reference.lowering.registry import lowers
from pytest_coreml.reference.lowering.shapes import dimension, plus

if TYPE_CHECKING:
    from typing import TypeAlias

    from numpy.typing import NDArray

    from pytest_coreml.reference.graph import Value
    from pytest_coreml.reference.lowering.context import Context

    # Positions that are known, or an int64 vector that the graph computes
    Positions: TypeAlias = "NDArray[Any] | Value"

_FAR: Final = 2**63 - 1


@dataclass(frozen=True)
class Slices:
    """A slice of each axis, as Python writes them; `squeezed` axes have one element and go afterwards."""

    begin: Value
    end: Value
    stride: list[int]
    squeezed: list[int]


def read_slices(ctx: Context) -> Slices:
    """Read `begin`, `end`, `stride` and the masks of an operation on `x`."""
    rank = ctx.rank("x")
    nothing = [False] * rank
    squeeze, begin_mask, end_mask = (
        np.array(ctx.flags(f"{name}_mask", nothing), bool) for name in ("squeeze", "begin", "end")
    )
    stride = np.where(squeeze, 1, ctx.ints("stride", [1] * rank))
    if not stride.all():
        ctx.refuse("`stride` is 0")
    begin = _where(ctx, begin_mask & ~squeeze, np.where(stride > 0, 0, _FAR), _positions(ctx, "begin"))
    end = _where(ctx, end_mask, np.where(stride > 0, _FAR, -_FAR), _positions(ctx, "end"))
    end = _where(ctx, squeeze, _following(ctx, begin), end) if squeeze.any() else end
    return Slices(_value(ctx, begin), _value(ctx, end), stride.tolist(), np.flatnonzero(squeeze).tolist())


def _positions(ctx: Context, param: str) -> Positions:
    return ctx.const(param).astype(np.int64) if ctx.is_const(param) else ctx.as_int64(param)


def _value(ctx: Context, positions: Positions) -> Value:
    return positions if isinstance(positions, str) else ctx.int64(positions)


def _where(ctx: Context, mask: NDArray[Any], chosen: Positions, other: Positions) -> Positions:
    """Choose between positions, in numpy where both are known."""
    if not mask.any():
        return other
    if isinstance(chosen, str) or isinstance(other, str):
        return ctx.node("Where", ctx.literal(mask, DType.BOOL), _value(ctx, chosen), _value(ctx, other))
    return np.where(mask, chosen, other)


def _following(ctx: Context, begin: Positions) -> Positions:
    """Give the end of a slice of one element; after the last one, which is also -1, there is no 0."""
    if not isinstance(begin, str):
        return np.where(begin == -1, _FAR, begin + 1)
    following = ctx.node("Add", begin, ctx.int64(1))
    return ctx.node("Where", ctx.node("Equal", begin, ctx.int64(-1)), ctx.int64(_FAR), following)


@lowers("slice_by_index")
def slice_by_index(ctx: Context) -> Value:
    """Lower a slice as Python writes it."""
    slices = read_slices(ctx)
    if not slices.stride:
        return ctx.input("x")
    axes = ctx.int64(range(len(slices.stride)))
    result = ctx.node("Slice", ctx.input("x"), slices.begin, slices.end, axes, ctx.int64(slices.stride))
    return ctx.node("Squeeze", result, ctx.int64(slices.squeezed)) if slices.squeezed else result


@lowers("slice_by_size")
def slice_by_size(ctx: Context) -> Value:
    """Lower a slice of so many elements of each axis; -1 takes all that follow, and a negative begin counts back."""
    x, begin, size = ctx.input("x"), ctx.as_int64("begin"), ctx.as_int64("size")
    sizes, rest = ctx.node("Shape", x), ctx.node("Equal", size, ctx.int64(-1))
    begin = ctx.node("Where", ctx.node("Less", begin, ctx.int64(0)), ctx.node("Add", begin, sizes), begin)
    end = ctx.node("Where", rest, sizes, ctx.node("Add", begin, size))
    result = ctx.node("Slice", x, begin, end)
    # A slice that reaches beyond the tensor would come out shorter. This fails then, and is free otherwise.
    return ctx.node("Reshape", result, ctx.node("Where", rest, ctx.int64(0), size))


@lowers("reverse")
def reverse(ctx: Context) -> Value:
    """Lower the elements of some axes, by default all, in opposite order."""
    rank = ctx.rank("x")
    axes = ctx.axes("axes", rank, range(rank))
    if not axes:
        return ctx.input("x")
    begin, end, stride = ([number] * len(axes) for number in (_FAR, -_FAR, -1))
    return ctx.node("Slice", ctx.input("x"), *map(ctx.int64, (begin, end, axes, stride)))


@lowers("reverse_sequence")
def reverse_sequence(ctx: Context) -> Value:
    """Lower the first `lengths[i]` elements of each sequence in opposite order; ONNX wants both axes in front."""
    rank = ctx.rank("x")
    batch, sequence = ctx.axis("batch_axis", rank, 0), ctx.axis("seq_axis", rank, 0)
    if batch == sequence:
        ctx.refuse("`batch_axis` is `seq_axis`")
    perm = [batch, sequence, *(axis for axis in range(rank) if axis not in (batch, sequence))]
    x = ctx.node("Transpose", ctx.input("x"), perm=perm)
    # A sequence of which nothing is turned is one of which one element is; ONNX Runtime before 1.24 forgets the first.
    lengths = ctx.node("Max", ctx.as_int64("lengths"), ctx.int64([1]))
    x = ctx.node("ReverseSequence", x, lengths, batch_axis=0, time_axis=1)
    return ctx.node("Transpose", x, perm=np.argsort(perm).tolist())


@lowers("sliding_windows")
def sliding_windows(ctx: Context) -> Value:
    """Lower windows along an axis to the places that each of their elements has in it."""
    x, shape = ctx.input("x"), ctx.shape("x")
    axis, size, stride = ctx.axis("axis", len(shape)), ctx.scalar("size"), ctx.scalar("stride", 1)
    end = plus(ctx, dimension(ctx, x, shape, axis), 1 - size)
    if isinstance(end, int):
        begins = ctx.int64(np.arange(0, end, stride)[:, None])
    else:
        count = ctx.node("Range", ctx.int64(0), ctx.node("Squeeze", end), ctx.int64(stride))
        begins = ctx.node("Unsqueeze", count, ctx.int64([1]))
    return ctx.node("Gather", x, ctx.node("Add", begins, ctx.int64(np.arange(size))), axis=axis)


@lowers("crop")
def crop(ctx: Context) -> Value:
    """Lower an image cut at its four sides."""
    (top, bottom), (left, right) = ctx.ints("crop_height"), ctx.ints("crop_width")
    ends = [-bottom if bottom else _FAR, -right if right else _FAR]
    return ctx.node("Slice", ctx.input("x"), *map(ctx.int64, ([top, left], ends, [-2, -1])))
