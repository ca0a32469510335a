"""Images in other sizes, and cut from larger ones."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from pytest_coreml.reference.networks.layer_registry import lowers

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from pytest_coreml.reference.networks.layer_context import LayerContext
    from pytest_coreml.reference.networks.tensors import Blob, Tensor


@lowers("upsample")
def upsample(ctx: LayerContext) -> Blob:
    """Lower an image that grows by factors."""
    params = ctx.params
    factors = [float(factor) for factor in params.fractionalScalingFactor or params.scalingFactor] or [1.0, 1.0]
    scales = ctx.literal([1.0, 1.0, *factors])
    if params.mode == params.NN:
        options = {"mode": "nearest", "coordinate_transformation_mode": "asymmetric", "nearest_mode": "floor"}
    else:
        kind = params.LinearUpsampleMode.Name(params.linearUpsampleMode)
        grid = {"DEFAULT": "asymmetric", "ALIGN_CORNERS_TRUE": "align_corners", "ALIGN_CORNERS_FALSE": "half_pixel"}
        options = {"mode": "linear", "coordinate_transformation_mode": grid[kind]}
    image = ctx.image()
    if params.mode != params.NN:
        # By sizes, so that a source position is that of a whole number of rows
        sizes = [int(np.floor(size * factor)) for size, factor in zip(ctx.static(image)[2:], factors, strict=True)]
        shape = ctx.vector([*ctx.sizes(image)[:2], *sizes])
        return ctx.from_image(ctx.node("Resize", image, None, None, shape, **options))
    return ctx.from_image(ctx.node("Resize", image, None, scales, **options))


@lowers("resizeBilinear")
def resize_bilinear(ctx: LayerContext) -> Blob:
    """Lower an image in another size."""
    image = ctx.image()
    targets = [int(size) for size in ctx.params.targetSize] or [1, 1]
    height, width = ctx.static(image)[2:]
    method = _method(ctx)
    if method in ("STRICT_ALIGN_ENDPOINTS_MODE", "ALIGN_ENDPOINTS_MODE") and min(targets) > 1:
        shape = ctx.vector([*ctx.sizes(image)[:2], *targets])
        options = {"mode": "linear", "coordinate_transformation_mode": "align_corners"}
        return ctx.from_image(ctx.node("Resize", image, None, None, shape, **options))
    rows, columns = (
        ctx.constant(_weights(_grid(method, 0, size - 1, target), size))
        for size, target in zip((height, width), targets, strict=True)
    )
    return ctx.from_image(ctx.node("MatMul", ctx.node("MatMul", rows, image), ctx.transpose(columns, 1, 0)))


def _method(ctx: LayerContext) -> str:
    mode = ctx.params.mode
    return str(mode.Method.Name(mode.samplingMethod))


def _grid(method: str, first: Any, last: Any, count: int) -> Any:
    """Return where `count` samples from *first* to *last* are taken: numbers, or arrays of them."""
    steps = np.arange(count, dtype=np.float32)
    if method == "UPSAMPLE_MODE":
        return np.minimum(first + steps * (last - first + 1) / count, last)
    if method == "ROI_ALIGN_MODE":
        return np.minimum(first + (steps + 0.5) * max(1, last - first) / count, last)
    if count == 1:
        return np.array([first if method == "STRICT_ALIGN_ENDPOINTS_MODE" else (first + last) / 2], np.float32)
    return first + steps * (last - first) / (count - 1)


def _weights(positions: NDArray[Any], size: int) -> NDArray[np.float32]:
    """Return the matrix that interpolates between rows at these positions."""
    clamped = np.clip(positions, 0, size - 1)
    distance = np.abs(clamped[:, None] - np.arange(size)[None])
    weights: NDArray[np.float32] = np.maximum(0, 1 - distance).astype(np.float32)
    return weights


@lowers("cropResize")
def crop_resize(ctx: LayerContext) -> Blob:
    """Lower boxes that are cut from an image and brought to one size."""
    params = ctx.params
    targets = [int(size) for size in params.targetSize] or [1, 1]
    image, boxes = ctx.image(0), ctx.x(1)
    rows = ctx.reshape(ctx.x(1), [None, boxes.shape[-3] if boxes.rank >= 3 else boxes.shape[-1]])
    height, width = ctx.static(image)[2:]
    begins, ends = _corners(ctx, rows)
    axes = [
        _interpolation(ctx, (begin, end), size, target)
        for begin, end, size, target in zip(begins, ends, (height, width), targets, strict=True)
    ]
    count = ctx.sizes(rows)[0]
    vertical = ctx.reshape(axes[0], [count, 1, 1, targets[0], height])
    horizontal = ctx.reshape(ctx.transpose(axes[1], 0, 2, 1), [count, 1, 1, width, targets[1]])
    if rows.shape[1] == 5:
        which = ctx.integers(ctx.row(ctx.cut(rows, 1, 0, 1)))
        source = ctx.unsqueeze(ctx.node("Gather", image, which, axis=0), 1)
    else:
        source = ctx.unsqueeze(image, 0)
    return ctx.from_whole(ctx.node("MatMul", ctx.node("MatMul", vertical, source), horizontal))


def _corners(ctx: LayerContext, rows: Tensor) -> tuple[list[Tensor], list[Tensor]]:
    """Return begin and end of each box, of height and width, each [boxes, 1] in pixels."""
    params = ctx.params
    mode = params.boxIndicesMode.Coordinates.Name(params.boxIndicesMode.boxMode)
    first = 1 if rows.shape[1] == 5 else 0
    numbers = [ctx.cut(rows, 1, first + index, first + index + 1) for index in range(4)]
    if mode.endswith("WIDTH_FIRST"):
        numbers = [numbers[1], numbers[0], numbers[3], numbers[2]]
    begins, ends = numbers[:2], numbers[2:]
    if mode.startswith("CENTER_SIZE"):
        half = [ctx.node("Mul", size, ctx.number(0.5)) for size in ends]
        centres = begins
        begins = [ctx.node("Sub", *pair) for pair in zip(centres, half, strict=True)]
        ends = [ctx.node("Add", *pair) for pair in zip(centres, half, strict=True)]
    sizes = ctx.static(ctx.image(0))[2:]
    scale = params.spatialScale or 1.0
    factors = [(size - 1 if params.normalizedCoordinates else 1) * scale for size in sizes]
    begins, ends = (
        [ctx.node("Mul", value, ctx.number(factor)) for value, factor in zip(values, factors, strict=True)]
        for values in (begins, ends)
    )
    return begins, ends


def _interpolation(ctx: LayerContext, span: tuple[Tensor, Tensor], size: int, target: int) -> Tensor:
    """Return the matrices [boxes, target, size] that take samples from a span of each box."""
    positions = _positions(ctx, *span, target)
    clamped = ctx.node("Clip", positions, ctx.number(0), ctx.number(size - 1))
    distance = ctx.node("Sub", ctx.unsqueeze(clamped, 2), ctx.literal(np.arange(size)))
    return ctx.node("Relu", ctx.node("Sub", ctx.number(1), ctx.node("Abs", distance)))


def _positions(ctx: LayerContext, begin: Tensor, end: Tensor, count: int) -> Tensor:
    """Return where each box is sampled, [boxes, count], as `_grid` does for numbers that are known."""
    method = _method(ctx)
    length = ctx.node("Sub", end, begin)
    steps = np.arange(count, dtype=np.float32)
    if method == "UPSAMPLE_MODE":
        length, shares = ctx.node("Add", length, ctx.number(1)), steps / count
    elif method == "ROI_ALIGN_MODE":
        length, shares = ctx.node("Max", length, ctx.number(1)), (steps + 0.5) / count
    elif count == 1:
        shares = np.array([0.0 if method == "STRICT_ALIGN_ENDPOINTS_MODE" else 0.5], np.float32)
    else:
        shares = steps / (count - 1)
    positions = ctx.node("Add", begin, ctx.node("Mul", length, ctx.literal(shares)))
    return ctx.node("Min", positions, end) if "ALIGN_ENDPOINTS" not in method else positions
