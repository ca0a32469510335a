"""Resized images (`image_resizing.py` of coremltools).

Modes differ in the positions of the output's points (`Xout` of them) on the input (of the size `Xin`); the docstring
of `resize_bilinear` in coremltools defines them. ONNX's Resize has three of them, and is fast. All other cases are
gathered by positions, one dimension after the other: the other modes, more or fewer than two dimensions, and nearest
neighbours at a ratio that fp32 would round to another pixel.

The docstrings do not define which neighbour is the nearest. coremltools' converter from TensorFlow turns a resize by
the corners of pixels into `upsample_nearest_neighbor`, and a resize by their centers (`half_pixel_centers`) into
`resize_nearest_neighbor` or the default of `resize`. Its tests agree.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from pytest_coreml.reference.format.dtypes import DType
from pytest_coreml.reference.graph import NOTHING
from pytest_coreml.reference.lowering.ops._grids import linear_positions, nearest_positions
from pytest_coreml.reference.lowering.registry import lowers
from pytest_coreml.reference.lowering.shapes import as_vector, dimension, dimensions, vector

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_coreml.reference.graph import Value
    from pytest_coreml.reference.lowering.context import Context
    from pytest_coreml.reference.lowering.known import Dimension

_OF_ONNX: Final = {"STRICT_ALIGN_CORNERS": "align_corners", "DEFAULT": "asymmetric", "UNALIGN_CORNERS": "half_pixel"}


@lowers("upsample_nearest_neighbor")
def upsample_nearest_neighbor(ctx: Context) -> Value:
    """Lower a resize to the size times a factor, rounded down; each pixel has the value at its corner."""
    return _nearest(ctx, _scaled(ctx), "DEFAULT")


@lowers("resize_nearest_neighbor")
def resize_nearest_neighbor(ctx: Context) -> Value:
    """Lower a resize to a given size; each pixel has the value at its center."""
    return _nearest(ctx, _target(ctx), "UNALIGN_CORNERS")


@lowers("upsample_bilinear")
def upsample_bilinear(ctx: Context) -> Value:
    """Lower an interpolated resize to the size times a factor, rounded down; the rounded size sets the spacing."""
    aligned = bool(ctx.scalar("align_corners", True))
    centered = bool(ctx.scalar("half_pixel_centers", not aligned))
    if aligned and centered:
        ctx.refuse("`align_corners` together with `half_pixel_centers`")
    mode = "STRICT_ALIGN_CORNERS" if aligned else "UNALIGN_CORNERS" if centered else "DEFAULT"
    return _linear(ctx, _scaled(ctx), mode)


@lowers("resize_bilinear")
def resize_bilinear(ctx: Context) -> Value:
    """Lower an interpolated resize to a given size."""
    return _linear(ctx, _target(ctx), str(ctx.scalar("sampling_mode", "DEFAULT")))


@lowers("resize")
def resize(ctx: Context) -> Value:
    """Lower a resize to the last `resized_dims` entries of a vector, constant or computed; 0 keeps a dimension."""
    count, rank = ctx.scalar("resized_dims"), ctx.rank("x")
    if count == 0:
        return ctx.input("x")
    sizes = [_asked(ctx, axis) for axis in range(-count, 0)]
    mode = str(ctx.scalar("sampling_mode", "DEFAULT"))
    if ctx.scalar("interpolation_mode", "LINEAR") != "LINEAR":
        return _nearest(ctx, sizes, "UNALIGN_CORNERS" if mode == "DEFAULT" else mode)
    if count == 1 and rank > 1 and mode in _OF_ONNX:
        # By these, what keeps its size stays as it is
        sizes = [dimension(ctx, ctx.input("x"), ctx.shape("x"), -2), *sizes]
    return _linear(ctx, sizes, mode)


def _asked(ctx: Context, axis: int) -> Dimension:
    """Return the size that `resize` requests on an axis counted from the end."""
    input_size = dimension(ctx, ctx.input("x"), ctx.shape("x"), axis)
    if ctx.is_const("shape"):
        return ctx.ints("shape")[axis] or input_size
    size = ctx.node("Gather", ctx.as_int64("shape"), ctx.int64([axis]))
    return ctx.node("Where", ctx.node("Equal", size, ctx.int64(0)), as_vector(ctx, input_size), size)


def _target(ctx: Context) -> list[Dimension]:
    return [int(ctx.scalar(f"target_size_{side}", 1)) for side in ("height", "width")]


def _scaled(ctx: Context) -> list[Dimension]:
    """Return height and width, each multiplied by its factor and rounded down."""
    x, shape, declared = ctx.input("x"), ctx.shape("x"), ctx.output_type().shape
    sizes: list[Dimension] = []
    for axis, side in ((-2, "height"), (-1, "width")):
        known = declared[axis]
        if known is not None:
            sizes.append(known)
            continue
        size = ctx.cast(as_vector(ctx, dimension(ctx, x, shape, axis)), DType.FP32)
        factor = ctx.literal(ctx.scalar(f"scale_factor_{side}", 1), DType.FP32)
        sizes.append(ctx.cast(ctx.node("Floor", ctx.node("Mul", size, factor)), DType.INT64))
    return sizes


def _nearest(ctx: Context, sizes: Sequence[Dimension], mode: str) -> Value:
    """Gather one pixel for each point: with `DEFAULT` the one in which it begins, else the nearest."""
    x, shape = ctx.input("x"), ctx.shape("x")
    factors = _factors(shape[-len(sizes) :], sizes)
    if factors is not None and mode in ("DEFAULT", "UNALIGN_CORNERS"):
        scales = ctx.literal([1] * (len(shape) - len(sizes)) + factors, DType.FP32)
        attributes = {"coordinate_transformation_mode": "asymmetric", "nearest_mode": "floor"}
        return ctx.node("Resize", x, NOTHING, scales, mode="nearest", **attributes)
    for axis, size in zip(range(-len(sizes), 0), sizes, strict=True):
        length = dimension(ctx, ctx.input("x"), shape, axis)
        if size != length:
            x = ctx.node("Gather", x, nearest_positions(ctx, mode, length, size), axis=axis)
    return x


def _factors(lengths: Sequence[int | None], sizes: Sequence[Dimension]) -> list[int] | None:
    """Return the integer factors between lengths, or None unless they are known to be integers."""
    factors = []
    for length, size in zip(lengths, sizes, strict=True):
        if not length or not isinstance(size, int) or size % length or not size:
            return None
        factors.append(size // length)
    return factors


def _linear(ctx: Context, sizes: Sequence[Dimension], mode: str) -> Value:
    """Interpolate between the pixels around each point."""
    x, shape = ctx.input("x"), ctx.shape("x")
    if mode == "ALIGN_CORNERS" and all(isinstance(size, int) and size > 1 for size in sizes):
        mode = "STRICT_ALIGN_CORNERS"
    if mode not in _OF_ONNX or len(sizes) != 2:
        return _interpolated(ctx, x, sizes, mode)
    rank, input_sizes = len(shape), dimensions(ctx, x, shape)
    image = x if rank == 4 else ctx.node("Reshape", x, vector(ctx, [1, -1, *input_sizes[-2:]]))
    attributes = {"mode": "linear", "coordinate_transformation_mode": _OF_ONNX[mode]}
    factors = _factors(shape[-2:], sizes)
    if factors is not None:
        image = ctx.node("Resize", image, NOTHING, ctx.literal([1, 1, *factors], DType.FP32), **attributes)
    else:
        image = ctx.node("Resize", image, NOTHING, NOTHING, vector(ctx, sizes), axes=[2, 3], **attributes)
    return image if rank == 4 else ctx.node("Reshape", image, vector(ctx, [*input_sizes[:-2], *sizes]))


def _interpolated(ctx: Context, x: Value, sizes: Sequence[Dimension], mode: str) -> Value:
    """Interpolate one axis after the other."""
    dtype, shape = ctx.dtype("x"), ctx.shape("x")
    x = ctx.cast(x, DType.FP32) if not dtype.is_float else x
    for axis, size in zip(range(-len(sizes), 0), sizes, strict=True):
        low, high, weight = linear_positions(ctx, mode, dimension(ctx, ctx.input("x"), shape, axis), size)
        weight = ctx.node("Unsqueeze", weight, ctx.int64(range(1, -axis))) if axis < -1 else weight
        first, second = (ctx.node("Gather", x, positions, axis=axis) for positions in (low, high))
        x = ctx.node("Add", first, ctx.node("Mul", ctx.node("Sub", second, first), weight))
    return x if dtype.is_float else ctx.cast(x, dtype)
