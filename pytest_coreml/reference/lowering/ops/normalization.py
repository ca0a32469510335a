"""Normalizations (`normalization.py` of coremltools)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from pytest_coreml.reference.lowering.registry import lowers
from pytest_coreml.reference.lowering.shapes import within_reason

if TYPE_CHECKING:
    from pytest_coreml.reference.graph import Value
    from pytest_coreml.reference.lowering.context import Context


@lowers("batch_norm")
def batch_norm(ctx: Context) -> Value:
    """Lower the normalization of each channel (axis 1) by constant statistics."""
    scale, offset = _channel_scale_and_offset(ctx)
    inputs = (ctx.input("x"), scale, offset, ctx.input("mean"), ctx.input("variance"))
    return ctx.node("BatchNormalization", *inputs, epsilon=_epsilon(ctx, 1e-5))


@lowers("instance_norm")
def instance_norm(ctx: Context) -> Value:
    """Lower the normalization of each channel of each example by its own statistics."""
    if ctx.shape("x")[1] is None and not (ctx.has("gamma") and ctx.has("beta")):
        return _by_formula(ctx, ctx.input("x"), list(range(2, ctx.rank("x"))), [1])
    scale, offset = _channel_scale_and_offset(ctx)
    return ctx.node("InstanceNormalization", ctx.input("x"), scale, offset, epsilon=_epsilon(ctx, 1e-5))


def _channel_scale_and_offset(ctx: Context) -> tuple[Value, Value]:
    """Return `gamma` and `beta`, by default ones and zeros: ONNX has no defaults for them."""
    channels = ctx.shape("mean")[0] if ctx.has("mean") else ctx.shape("x")[1]
    if channels is None and not (ctx.has("gamma") and ctx.has("beta")):
        ctx.refuse("the number of channels is unknown")
    within_reason(ctx, channels or 0)
    ones = np.ones(channels or 0)
    scale = ctx.input("gamma") if ctx.has("gamma") else ctx.literal(ones, ctx.dtype("x"))
    offset = ctx.input("beta") if ctx.has("beta") else ctx.literal(ones * 0, ctx.dtype("x"))
    return scale, offset


@lowers("layer_norm")
def layer_norm(ctx: Context) -> Value:
    """Lower to LayerNormalization if the axes are the last ones, as it requires, else to its formula."""
    rank = ctx.rank("x")
    axes = sorted(ctx.axes("axes", rank, range(rank)))
    x, shape = _as_scaled(ctx, axes)
    if axes != list(range(axes[0], rank)) or None in shape:
        return _by_formula(ctx, x, axes, axes)
    within_reason(ctx, *_known(shape))
    scale = ctx.input("gamma") if ctx.has("gamma") else ctx.literal(np.ones(_known(shape)), ctx.dtype("x"))
    inputs = (x, scale, ctx.optional("beta"))
    return ctx.node("LayerNormalization", *inputs, axis=axes[0], epsilon=_epsilon(ctx, 1e-5))


def _as_scaled(ctx: Context, axes: list[int]) -> tuple[Value, list[int | None]]:
    """Return `x` and the sizes of the axes; unknown sizes are checked against those of `gamma` or `beta`."""
    x, shape = ctx.input("x"), [ctx.shape("x")[axis] for axis in axes]
    params = [param for param in ("gamma", "beta") if ctx.has(param)]
    if None not in shape or not params:
        return x, shape
    # This fails where they are not, and is free otherwise; 0 keeps a dimension.
    shape = list(ctx.shape(params[0]))
    sizes = dict(zip(axes, _known(shape), strict=True))
    return ctx.node("Reshape", x, ctx.int64([sizes.get(axis, 0) for axis in range(ctx.rank("x"))])), shape


def _by_formula(ctx: Context, x: Value, axes: list[int], scaled: list[int]) -> Value:
    """Normalize *x* over *axes*; `gamma` and `beta` have the dimensions *scaled*."""
    where = ctx.int64(axes)
    centred = ctx.node("Sub", x, ctx.node("ReduceMean", x, where))
    variance = ctx.node("ReduceMean", ctx.node("Mul", centred, centred), where)
    epsilon = ctx.literal(_epsilon(ctx, 1e-5), ctx.dtype("x"))
    result = ctx.node("Div", centred, ctx.node("Sqrt", ctx.node("Add", variance, epsilon)))
    if ctx.has("gamma"):
        result = ctx.node("Mul", result, _spread(ctx, "gamma", scaled))
    return ctx.node("Add", result, _spread(ctx, "beta", scaled)) if ctx.has("beta") else result


def _spread(ctx: Context, param: str, axes: list[int]) -> Value:
    """Reshape `gamma` or `beta`, whose dimensions are *axes*, to broadcast with `x`."""
    dimensions = iter(ctx.shape(param))
    shape = [next(dimensions) if axis in axes else 1 for axis in range(ctx.rank("x"))]
    return ctx.node("Reshape", ctx.input(param), ctx.int64(_known(shape)))


def _known(shape: list[int | None]) -> list[int]:
    return [dimension for dimension in shape if dimension is not None]


@lowers("l2_norm")
def l2_norm(ctx: Context) -> Value:
    """Lower `x / sqrt(sum(x ** 2) + epsilon)`, summed over the last three dimensions."""
    total = ctx.node("ReduceSumSquare", ctx.input("x"), ctx.int64([-3, -2, -1]))
    epsilon = ctx.literal(_epsilon(ctx, 1e-6), ctx.dtype("x"))
    return ctx.node("Div", ctx.input("x"), ctx.node("Sqrt", ctx.node("Add", total, epsilon)))


@lowers("local_response_norm")
def local_response_norm(ctx: Context) -> Value:
    """Lower `x / (k + alpha / size * sum(x ** 2)) ** beta`, summed over `size` neighbouring channels.

    Computed by an average over the channels that includes the padding: in ONNX Runtime, ONNX's LRN supports only images
    and odd sizes. With an even size, the extra neighbour is before the channel.
    """
    x, dtype, rank = ctx.input("x"), ctx.dtype("x"), ctx.rank("x")
    size = int(ctx.scalar("size"))
    by_place = [0, *range(2, rank), 1]
    squares = ctx.node("Transpose", ctx.node("Mul", x, x), perm=by_place)
    row = ctx.node(
        "Reshape", squares, ctx.node("Concat", ctx.int64([-1, 1]), ctx.node("Shape", x, start=1, end=2), axis=0)
    )
    mean = ctx.node("AveragePool", row, kernel_shape=[size], pads=[size // 2, (size - 1) // 2], count_include_pad=True)
    means = ctx.node(
        "Transpose", ctx.node("Reshape", mean, ctx.node("Shape", squares)), perm=[0, rank - 1, *range(1, rank - 1)]
    )
    scaled = ctx.node("Mul", means, ctx.literal(ctx.scalar("alpha", 1e-4), dtype))
    base = ctx.node("Add", scaled, ctx.literal(ctx.scalar("k", 1.0), dtype))
    return ctx.node("Div", x, ctx.node("Pow", base, ctx.literal(ctx.scalar("beta", 0.75), dtype)))


def _epsilon(ctx: Context, default: float) -> float:
    return float(ctx.scalar("epsilon", default))
