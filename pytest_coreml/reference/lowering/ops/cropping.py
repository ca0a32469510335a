"""Boxes cropped from images and resized to one size (`crop_resize` in `image_resizing.py` of coremltools).

The sampling modes are those of `resize_bilinear`, applied to the box. A point outside the image has the value
`pad_value`, as in TensorFlow's `crop_and_resize`. A box whose end is before its begin is mirrored.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from pytest_coreml.reference.format.dtypes import DType
from pytest_coreml.reference.lowering.ops.gathering import from_the_front
from pytest_coreml.reference.lowering.ops.sampling import image_size, sampled
from pytest_coreml.reference.lowering.registry import lowers
from pytest_coreml.reference.lowering.shapes import dimension, vector, within_reason

if TYPE_CHECKING:
    from pytest_coreml.reference.graph import Value
    from pytest_coreml.reference.lowering.context import Context

# The distance, in pixels, by which rounding alone can move a point outside.
_TOLERANCE: Final = 1e-4


@lowers("crop_resize")
def crop_resize(ctx: Context) -> Value:
    """Lower to crops of the images that boxes refer to; up to iOS 16, boxes without an index apply to every image."""
    x, height, width = ctx.input("x"), *[int(ctx.scalar(f"target_{side}", 1)) for side in ("height", "width")]
    if ctx.has("boxes"):
        boxes, indices = ctx.cast(ctx.input("boxes"), DType.FP32), _box_indices(ctx)
        return _crops(ctx, ctx.node("Gather", x, indices, axis=0), _points(ctx, boxes, height, width))
    columns = ctx.shape("roi")[2]
    boxes = ctx.node("Reshape", ctx.input("roi"), ctx.int64([-1, columns or 0]))
    if columns == 5:
        first, boxes = ctx.nodes("Split", boxes, ctx.int64([1, 4]), outputs=2, axis=1)
        indices = from_the_front(ctx, ctx.cast(ctx.node("Reshape", first, ctx.int64([-1])), DType.INT32))
        crops = _crops(ctx, ctx.node("Gather", x, indices, axis=0), _points(ctx, boxes, height, width))
        return ctx.node("Unsqueeze", crops, ctx.int64([1]))
    if columns != 4:
        ctx.refuse(f"`roi` has the shape {list(ctx.shape('roi'))}")
    # Every image gets the points of all boxes, one box below the other.
    batch, channels = (dimension(ctx, x, ctx.shape("x"), axis) for axis in (0, 1))
    points = ctx.node("Reshape", _points(ctx, boxes, height, width), ctx.int64([1, -1, width, 2]))
    spread = ctx.node("Expand", points, vector(ctx, [batch, 1, 1, 1]))
    crops = ctx.node("Reshape", _crops(ctx, x, spread), vector(ctx, [batch, channels, -1, height, width]))
    return ctx.node("Transpose", crops, perm=[2, 0, 1, 3, 4])


def _box_indices(ctx: Context) -> Value:
    """Return the image index of each box; without indices, box i is cropped from image i."""
    if ctx.has("box_indices"):
        return from_the_front(ctx, ctx.input("box_indices"))
    count = ctx.node("Squeeze", ctx.node("Shape", ctx.input("boxes"), start=0, end=1))
    return ctx.node("Range", ctx.int64(0), count, ctx.int64(1))


def _crops(ctx: Context, images: Value, points: Value) -> Value:
    """Sample images [n, channels, ...] at points [n, height, width, (x, y)], with `pad_value` outside."""
    last = ctx.node("Sub", image_size(ctx), ctx.literal(1 - _TOLERANCE, DType.FP32))
    not_before = ctx.node("GreaterOrEqual", points, ctx.literal(-_TOLERANCE, DType.FP32))
    inside = ctx.node("And", not_before, ctx.node("LessOrEqual", points, last))
    both = ctx.node("ReduceMin", ctx.cast(inside, DType.INT32), ctx.int64([3]), keepdims=False)
    is_inside = ctx.cast(ctx.node("Unsqueeze", both, ctx.int64([1])), DType.BOOL)
    pad = ctx.literal(ctx.scalar("pad_value", 0), DType.FP32)
    return ctx.node("Where", is_inside, sampled(ctx, images, points, "linear"), pad)


def _points(ctx: Context, boxes: Value, height: int, width: int) -> Value:
    """Return the points of each box [n, 4] in pixels, as [n, height, width, (x, y)]."""
    begin, end = _corners(ctx, boxes)
    lines = []
    for axis, count in enumerate((width, height)):
        ends = [ctx.node("Slice", corner, *map(ctx.int64, ([axis], [axis + 1], [1]))) for corner in (begin, end)]
        shape = ctx.int64([-1, 1, count, 1] if axis == 0 else [-1, count, 1, 1])
        lines.append(ctx.node("Reshape", _line(ctx, ends[0], ends[1], count), shape))
    full = ctx.int64([1, height, width, 1])
    return ctx.node("Concat", *[ctx.node("Expand", line, full) for line in lines], axis=3)


def _corners(ctx: Context, boxes: Value) -> tuple[Value, Value]:
    """Return begin and end of each box as (x, y) in pixels."""
    mode = str(ctx.scalar("box_coordinate_mode", "CORNERS_HEIGHT_FIRST"))
    if not mode.startswith(("CORNERS_", "CENTER_SIZE_")):
        ctx.refuse(f"unknown box_coordinate_mode {mode!r}")
    scaled = ctx.node("Mul", boxes, ctx.literal(ctx.scalar("spatial_scale", 1.0), DType.FP32))
    first, second = ctx.nodes("Split", scaled, ctx.int64([2, 2]), outputs=2, axis=1)
    if mode.endswith("HEIGHT_FIRST"):
        first, second = (ctx.node("Gather", pair, ctx.int64([1, 0]), axis=1) for pair in (first, second))
    if ctx.scalar("normalized_coordinates", False):
        last = ctx.node("Sub", image_size(ctx), ctx.literal(1, DType.FP32))
        first, second = (ctx.node("Mul", pair, last) for pair in (first, second))
    if mode.startswith("CORNERS_"):
        return first, second
    half = ctx.node("Mul", second, ctx.literal(0.5, DType.FP32))
    return ctx.node("Sub", first, half), ctx.node("Add", first, half)


def _line(ctx: Context, begin: Value, end: Value, count: int) -> Value:
    """Return *count* points from *begin* to *end*, both [n, 1], spaced by the sampling mode."""
    within_reason(ctx, count)
    mode, index = str(ctx.scalar("sampling_mode", "DEFAULT")), np.arange(count)
    distance = ctx.node("Sub", end, begin)
    span = ctx.node("Abs", distance)
    one = ctx.literal(1, DType.FP32)
    if mode == "ALIGN_CORNERS" and count == 1:
        steps = _times(ctx, span, np.array([0.5]))
    elif mode in ("ALIGN_CORNERS", "STRICT_ALIGN_CORNERS"):
        steps = _times(ctx, span, index / max(count - 1, 1))
    elif mode == "OFFSET_CORNERS":
        steps = _times(ctx, ctx.node("Max", span, one), (index + 0.5) / count)
    elif mode in ("DEFAULT", "UNALIGN_CORNERS"):
        centered = 0.5 if mode == "UNALIGN_CORNERS" else 0.0
        steps = _times(ctx, ctx.node("Add", span, one), (index + centered) / count)
        steps = ctx.node("Sub", steps, ctx.literal(centered, DType.FP32))
        steps = ctx.node("Min", ctx.node("Max", steps, ctx.literal(0, DType.FP32)), span)
    else:
        ctx.refuse(f"unknown sampling_mode {mode!r}")
    backwards = ctx.node("Less", distance, ctx.literal(0, DType.FP32))
    return ctx.node("Add", begin, ctx.node("Where", backwards, ctx.node("Neg", steps), steps))


def _times(ctx: Context, span: Value, shares: np.ndarray[tuple[int], np.dtype[np.float64]]) -> Value:
    return ctx.node("Mul", span, ctx.literal(shares, DType.FP32))
