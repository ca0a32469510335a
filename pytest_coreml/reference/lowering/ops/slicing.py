"""Operations that take parts of a tensor (`tensor_transformation.py` and `image_resizing.py` of coremltools)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from pytest_coreml.reference.lowering.known import Cut, View
from pytest_coreml.reference.lowering.registry import lowers
from pytest_coreml.reference.lowering.shapes import dimension, plus, vector, within_reason

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pytest_coreml.reference.graph import Value
    from pytest_coreml.reference.lowering.context import Context
    from pytest_coreml.reference.lowering.known import Dimension

_FAR: Final = 2**63 - 1


@dataclass(frozen=True)
class Slices:
    """The cut of each axis that is not taken whole; `squeezed` axes have one element and are removed afterwards."""

    cuts: Mapping[int, Cut]
    squeezed: Sequence[int]


def read_slices(ctx: Context) -> Slices:
    """Read `begin`, `end`, `stride` and the masks of an operation on `x`."""
    rank = ctx.rank("x")
    nothing = [False] * rank
    squeeze, begin_mask, end_mask = (ctx.flags(f"{name}_mask", nothing) for name in ("squeeze", "begin", "end"))
    begins, ends = ctx.elements("begin"), ctx.elements("end")
    cuts = {}
    for axis, (size, stride) in enumerate(zip(ctx.shape("x"), ctx.ints("stride", [1] * rank), strict=True)):
        if squeeze[axis]:
            cut = Cut(begins[axis], _following(ctx, begins[axis]), 1)
        else:
            first, last = (0, _FAR) if stride > 0 else (_FAR, -_FAR)
            begin, end = first if begin_mask[axis] else begins[axis], last if end_mask[axis] else ends[axis]
            cut = Cut(begin, end, stride or ctx.refuse("`stride` is 0"))
        if not _takes_all(cut, size):
            cuts[axis] = cut
    return Slices(cuts, [axis for axis in range(rank) if squeeze[axis]])


def _following(ctx: Context, begin: Dimension) -> Dimension:
    """Return the end of a slice of one element; after -1, the last element, it cannot be 0."""
    if isinstance(begin, int):
        return _FAR if begin == -1 else begin + 1
    following = ctx.node("Add", begin, ctx.int64([1]))
    return ctx.node("Where", ctx.node("Equal", begin, ctx.int64([-1])), ctx.int64([_FAR]), following)


def _takes_all(cut: Cut, size: int | None) -> bool:
    if cut.stride != 1 or not isinstance(cut.begin, int) or not isinstance(cut.end, int):
        return False
    if size is None:
        return cut.begin == 0 and cut.end == _FAR
    return cut.begin in (0, -size) and cut.end >= size


@lowers("slice_by_index")
def slice_by_index(ctx: Context) -> Value:
    """Lower a slice with the semantics of Python."""
    for param in ("begin", "end"):
        ctx.check_per_axis(param, ctx.rank("x"))
    slices, x = read_slices(ctx), ctx.input("x")
    if not slices.cuts and not slices.squeezed:
        return x
    view = _seen_through(ctx, View(x, ctx.rank("x"), slices.cuts, slices.squeezed))
    result = view.source
    if view.cuts:
        result = sliced(ctx, result, view.cuts)
    if view.squeezed:
        result = ctx.node("Squeeze", result, ctx.int64(view.squeezed))
    if _is_there(ctx, slices):
        ctx.known.views[result] = view
    return result


def sliced(ctx: Context, value: Value, cuts: Mapping[int, Cut]) -> Value:
    """Return a value with axes cut."""
    begin, end = (vector(ctx, [getattr(cut, name) for cut in cuts.values()]) for name in ("begin", "end"))
    return ctx.node("Slice", value, begin, end, ctx.int64(list(cuts)), ctx.int64([cut.stride for cut in cuts.values()]))


def _seen_through(ctx: Context, view: View) -> View:
    """Return a slice of a slice as a slice of the whole, if they cut different axes."""
    below = ctx.known.views.get(view.source)
    if below is None:
        return view
    axes = [axis for axis in range(below.rank) if axis not in below.squeezed]
    cuts = {axes[axis]: cut for axis, cut in view.cuts.items()}
    if cuts.keys() & below.cuts.keys():
        return view
    ctx.known.seen_through = True
    squeezed = sorted([*below.squeezed, *[axes[axis] for axis in view.squeezed]])
    return View(below.source, below.rank, {**below.cuts, **cuts}, squeezed)


def _is_there(ctx: Context, slices: Slices) -> bool:
    """Return whether all single elements are known to be inside: one outside must fail even if its value is unused."""
    shape = ctx.shape("x")
    cuts = [(slices.cuts[axis].begin, shape[axis]) for axis in slices.squeezed if axis in slices.cuts]
    return all(isinstance(begin, int) and size is not None and -size <= begin < size for begin, size in cuts)


@lowers("slice_by_size")
def slice_by_size(ctx: Context) -> Value:
    """Lower a slice of `size` elements of each axis; -1 takes the rest, and a negative begin counts from the end."""
    for param in ("begin", "size"):
        ctx.check_per_axis(param, ctx.rank("x"))
    x, begin, size = ctx.input("x"), ctx.as_int64("begin"), ctx.as_int64("size")
    sizes, rest = ctx.node("Shape", x), ctx.node("Equal", size, ctx.int64(-1))
    begin = ctx.node("Where", ctx.node("Less", begin, ctx.int64(0)), ctx.node("Add", begin, sizes), begin)
    size = ctx.node("Where", rest, ctx.node("Sub", sizes, begin), size)
    # A slice that reaches beyond the tensor would come out shorter. The second node fails then, and is free otherwise.
    result = ctx.node("Slice", x, begin, ctx.node("Add", begin, size))
    is_beyond = ctx.node("Less", size, ctx.int64(0))
    return ctx.node("Reshape", result, ctx.node("Where", is_beyond, ctx.int64(-2), size), allowzero=True)


@lowers("reverse")
def reverse(ctx: Context) -> Value:
    """Lower the elements in reverse order along axes, all by default."""
    rank = ctx.rank("x")
    axes = ctx.axes("axes", rank, range(rank))
    if not axes:
        return ctx.input("x")
    begin, end, stride = ([number] * len(axes) for number in (_FAR, -_FAR, -1))
    return ctx.node("Slice", ctx.input("x"), *map(ctx.int64, (begin, end, axes, stride)))


@lowers("reverse_sequence")
def reverse_sequence(ctx: Context) -> Value:
    """Lower the first `lengths[i]` elements of each sequence in reverse order; ONNX requires both axes first."""
    rank = ctx.rank("x")
    batch, sequence = ctx.axis("batch_axis", rank, 0), ctx.axis("seq_axis", rank, 0)
    if batch == sequence:
        ctx.refuse(f"`batch_axis` and `seq_axis` are both {batch}: there is no sequence to reverse")
    perm = [batch, sequence, *(axis for axis in range(rank) if axis not in (batch, sequence))]
    x = ctx.node("Transpose", ctx.input("x"), perm=perm)
    # A sequence of which nothing is turned is one of which one element is; ONNX Runtime before 1.24 forgets the first.
    lengths = ctx.as_int64("lengths")
    lengths = ctx.node("Where", ctx.node("Equal", lengths, ctx.int64([0])), ctx.int64([1]), lengths)
    x = ctx.node("ReverseSequence", x, lengths, batch_axis=0, time_axis=1)
    return ctx.node("Transpose", x, perm=np.argsort(perm).tolist())


@lowers("sliding_windows")
def sliding_windows(ctx: Context) -> Value:
    """Lower sliding windows along an axis to a Gather of the positions of their elements."""
    x, shape = ctx.input("x"), ctx.shape("x")
    axis, size, stride = ctx.axis("axis", len(shape)), ctx.scalar("size"), ctx.scalar("stride", 1)
    end = plus(ctx, dimension(ctx, x, shape, axis), 1 - size)
    within_reason(ctx, size)
    if isinstance(end, int):
        within_reason(ctx, end)
        begins = ctx.int64(np.arange(0, end, stride)[:, None])
    else:
        is_short = ctx.node("Less", end, ctx.int64(1))
        end = ctx.checked(end, is_short, "the window is longer than the axis")
        count = ctx.node("Range", ctx.int64(0), ctx.node("Squeeze", end), ctx.int64(stride))
        begins = ctx.node("Unsqueeze", count, ctx.int64([1]))
    return ctx.node("Gather", x, ctx.node("Add", begins, ctx.int64(np.arange(size))), axis=axis)


@lowers("crop")
def crop(ctx: Context) -> Value:
    """Lower an image cropped at its four sides."""
    (top, bottom), (left, right) = ctx.ints("crop_height"), ctx.ints("crop_width")
    begins, ends = ctx.int64([top, left]), [-bottom if bottom else _FAR, -right if right else _FAR]
    if None in ctx.shape("x")[-2:]:
        sizes = ctx.node("Shape", ctx.input("x"), start=-2)
        is_small = ctx.node("Less", sizes, ctx.int64([top + bottom, left + right]))
        begins = ctx.checked(begins, is_small, "the image is smaller than the crop")
    return ctx.node("Slice", ctx.input("x"), begins, *map(ctx.int64, (ends, [-2, -1])))
