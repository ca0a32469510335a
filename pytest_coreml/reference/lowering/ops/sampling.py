"""Images sampled at points between pixels (`resample`, `affine` in `image_resizing.py` of coremltools).

All forms are lowered to points in pixels, (x, y) with the center of the first pixel at 0, and one GridSample.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from pytest_coreml.reference.format.dtypes import DType
from pytest_coreml.reference.lowering.registry import lowers
from pytest_coreml.reference.lowering.shapes import dimension, not_empty, vector, within_reason

if TYPE_CHECKING:
    from pytest_coreml.reference.graph import Value
    from pytest_coreml.reference.lowering.context import Context

# How much of the distance between the ends is the distance from the origin of the coordinates, and where that lies
_RANGES: Final = {"normalized_minus_one_to_one": (0.5, 0.5), "normalized_zero_to_one": (1.0, 0.0)}
_MODES: Final = {"bilinear": "linear", "nearest": "nearest"}


@lowers("resample")
def resample(ctx: Context) -> Value:
    """Lower to the image sampled at points [batch, height, width, (x, y)]."""
    return _padded(ctx, _in_pixels(ctx, ctx.cast(ctx.input("coordinates"), DType.FP32)))


def _padded(ctx: Context, points: Value) -> Value:
    """Return the image sampled at *points* in pixels, by the modes of the operation."""
    mode, padding = (str(ctx.scalar(f"{name}_mode")).lower() for name in ("sampling", "padding"))
    if mode not in _MODES:
        ctx.refuse(f"unknown sampling_mode {mode!r}")
    if padding == "constant":
        return sampled(ctx, ctx.input("x"), points, _MODES[mode], fill=float(ctx.scalar("padding_value")))
    if padding in ("reflection", "symmetric"):
        points = _reflected(ctx, points, at_edge=padding == "symmetric")
    elif padding != "border":
        ctx.refuse(f"unknown padding_mode {padding!r}")
    return sampled(ctx, ctx.input("x"), points, _MODES[mode])


@lowers("affine")
def affine(ctx: Context) -> Value:
    """Lower to the image sampled at the output's points, transformed by a matrix [a0, a1, a2, b0, b1, b2].

    coremltools' documentation of the operation says that `align_corners=False` is not supported, and writes it for
    torch's default; what it means follows torch's `affine_grid` and `grid_sample`.
    """
    height, width = (int(ctx.scalar(f"output_{side}")) for side in ("height", "width"))
    within_reason(ctx, height, width, 3)
    aligned = bool(ctx.scalar("align_corners"))
    rows, columns = np.meshgrid(_spread(height, aligned), _spread(width, aligned), indexing="ij")
    base = np.stack((columns, rows, np.ones_like(rows)), -1).reshape(-1, 3)
    matrix = ctx.node("Reshape", ctx.input("transform_matrix"), ctx.int64([-1, 2, 3]))
    moved = ctx.node("MatMul", ctx.literal(base, DType.FP32), ctx.node("Transpose", matrix, perm=[0, 2, 1]))
    batch = dimension(ctx, ctx.input("x"), ctx.shape("x"), 0)
    moved = ctx.node("Expand", moved, vector(ctx, [batch, height * width, 2]))
    coordinates = ctx.node("Reshape", moved, vector(ctx, [batch, height, width, 2]))
    return _padded(ctx, _in_pixels(ctx, coordinates))


def _spread(count: int, aligned: bool) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """Return the centers of *count* pixels between -1 and 1; a single one is in the middle.

    -1 and 1 are the centers of the outer pixels when corners are aligned, and their outer edges if not: of the output
    as of the input, so that the identity matrix returns the image itself.
    """
    if not aligned or count == 1:
        return (2 * np.arange(count) + 1) / count - 1
    return np.linspace(-1, 1, count)


def sampled(ctx: Context, image: Value, points: Value, mode: str, fill: float | None = None) -> Value:
    """Sample the image at points in pixels; outside, the value is *fill*, or that of the border."""
    # GridSample's own coordinates, in which -1 and 1 are the outer edges of the image: also good for a single pixel
    image, size = not_empty(ctx, image, "x", ctx.shape("x"), (2, 3)), image_size(ctx)
    doubled = ctx.node("Add", ctx.node("Mul", points, ctx.literal(2, DType.FP32)), ctx.literal(1, DType.FP32))
    grid = ctx.node("Sub", ctx.node("Div", doubled, size), ctx.literal(1, DType.FP32))
    padding = "border" if fill is None else "zeros"
    shift = ctx.literal(fill, DType.FP32) if fill else None
    image = ctx.node("Sub", image, shift) if shift else image
    result = ctx.node("GridSample", image, grid, mode=mode, padding_mode=padding, align_corners=False)
    return ctx.node("Add", result, shift) if shift else result


def image_size(ctx: Context) -> Value:
    """Return width and height of *x* as floating-point numbers."""
    x, shape = ctx.input("x"), ctx.shape("x")
    return ctx.cast(vector(ctx, [dimension(ctx, x, shape, axis) for axis in (3, 2)]), DType.FP32)


def _in_pixels(ctx: Context, coordinates: Value) -> Value:
    """Convert coordinates to pixels; their range ends at the centers of the outer pixels, or at their outer edges."""
    mode = str(ctx.scalar("coordinates_mode")).lower()
    if mode == "unnormalized":
        return coordinates
    if mode not in _RANGES:
        ctx.refuse(f"unknown coordinates_mode {mode!r}")
    factor, origin = _RANGES[mode]
    share = ctx.node("Mul", coordinates, ctx.literal(factor, DType.FP32))
    share = ctx.node("Add", share, ctx.literal(origin, DType.FP32))
    if ctx.scalar("align_corners"):
        return ctx.node("Mul", share, ctx.node("Sub", image_size(ctx), ctx.literal(1, DType.FP32)))
    return ctx.node("Sub", ctx.node("Mul", share, image_size(ctx)), ctx.literal(0.5, DType.FP32))


def _reflected(ctx: Context, points: Value, *, at_edge: bool) -> Value:
    """Reflect points into the image, at the centers of its outer pixels or at their outer edges."""
    one, offset = ctx.literal(1, DType.FP32), ctx.literal(0.5 if at_edge else 0, DType.FP32)
    size = image_size(ctx)
    span = size if at_edge else ctx.node("Max", ctx.node("Sub", size, one), one)
    period = ctx.node("Mul", span, ctx.literal(2, DType.FP32))
    shifted = ctx.node("Add", points, offset)
    turns = ctx.node("Floor", ctx.node("Div", shifted, period))
    phase = ctx.node("Sub", shifted, ctx.node("Mul", turns, period))
    folded = ctx.node("Sub", span, ctx.node("Abs", ctx.node("Sub", phase, span)))
    return ctx.node("Sub", folded, offset)
