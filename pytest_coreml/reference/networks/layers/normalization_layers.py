"""Normalizations."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from pytest_coreml.reference.networks.layer_registry import lowers
from pytest_coreml.reference.networks.weights import is_empty

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_coreml.reference.networks.layer_context import LayerContext
    from pytest_coreml.reference.networks.tensors import Blob, Tensor


@lowers("batchnorm")
def batchnorm(ctx: LayerContext) -> Blob:
    """Lower a normalization by given statistics, or by those of each sample and channel."""
    params = ctx.params
    epsilon = params.epsilon or 1e-5
    gamma, beta = _numbers(ctx, params.gamma, 1.0), _numbers(ctx, params.beta, 0.0)
    image = ctx.image()
    if not params.computeMeanVar:
        mean, variance = _numbers(ctx, params.mean, 0.0), _numbers(ctx, params.variance, 1.0)
        return ctx.from_image(ctx.node("BatchNormalization", image, gamma, beta, mean, variance, epsilon=epsilon))
    if params.instanceNormalization:
        return ctx.from_image(ctx.node("InstanceNormalization", image, gamma, beta, epsilon=epsilon))
    normalized = _centred(ctx, image, [0, 2, 3], epsilon)
    factor, addend = (ctx.reshape(numbers, [-1, 1, 1]) for numbers in (gamma, beta))
    return ctx.from_image(ctx.node("Add", ctx.node("Mul", normalized, factor), addend))


def _numbers(ctx: LayerContext, params: Any, neutral: float) -> Tensor:
    if is_empty(params):
        return ctx.constant(np.full(ctx.params.channels, neutral, np.float32))
    return ctx.weights(params, [ctx.params.channels], "the numbers of a channel")


def _centred(ctx: LayerContext, x: Tensor, axes: Sequence[int], epsilon: float | None) -> Tensor:
    """Subtract the mean, and divide by the deviation unless there is no epsilon."""
    over = ctx.int64(list(axes))
    centred = ctx.node("Sub", x, ctx.node("ReduceMean", x, over))
    if epsilon is None:
        return centred
    variance = ctx.node("ReduceMean", ctx.node("Mul", centred, centred), over)
    return ctx.node("Div", centred, ctx.node("Sqrt", ctx.node("Add", variance, ctx.number(epsilon))))


@lowers("mvn")
def mvn(ctx: LayerContext) -> Blob:
    """Lower a normalization by the statistics of each image, or of each channel of it."""
    params = ctx.params
    axes = [-3, -2, -1] if params.acrossChannels else [-2, -1]
    epsilon = (params.epsilon or 1e-5) if params.normalizeVariance else None
    return ctx.map(lambda x: _centred(ctx, x, axes, epsilon))


@lowers("l2normalize")
def l2normalize(ctx: LayerContext) -> Blob:
    """Lower a division by the length of each image as a vector."""
    epsilon = ctx.number(ctx.params.epsilon or 1e-6)

    def function(x: Tensor) -> Tensor:
        squares = ctx.node("ReduceSumSquare", x, ctx.int64([-3, -2, -1]))
        return ctx.node("Div", x, ctx.node("Sqrt", ctx.node("Add", squares, epsilon)))

    return ctx.map(function)


@lowers("lrn")
def lrn(ctx: LayerContext) -> Blob:
    """Lower a division by what neighbouring channels have."""
    params = ctx.params
    size = int(params.localSize) or 5
    if size % 2 == 0:
        return ctx.from_image(_even_lrn(ctx, ctx.image(), size))
    return ctx.from_image(
        ctx.node("LRN", ctx.image(), alpha=params.alpha, beta=params.beta, bias=params.k or 1.0, size=size)
    )


def _even_lrn(ctx: LayerContext, x: Tensor, size: int) -> Tensor:
    """Normalize by a window of an even number of channels, which ONNX Runtime has not: one more behind than before."""
    params = ctx.params
    first, channels, height, width = ctx.sizes(x)
    rows = ctx.reshape(ctx.node("Mul", x, x), [first, 1, channels, None])
    before = (size - 1) // 2
    window: dict[str, Any] = {"kernel_shape": [size, 1], "pads": [before, 0, size - 1 - before, 0]}
    means = ctx.node("AveragePool", rows, count_include_pad=1, **window)
    sums = ctx.node("Add", ctx.node("Mul", means, ctx.number(params.alpha)), ctx.number(params.k or 1.0))
    divisor = ctx.node("Pow", ctx.reshape(sums, [first, channels, height, width]), ctx.number(params.beta))
    return ctx.node("Div", x, divisor)


@lowers("layerNormalization")
def layer_normalization(ctx: LayerContext) -> Tensor:
    """Lower a normalization over the last axes."""
    params = ctx.params
    shape = [int(size) for size in params.normalizedShape]
    gamma = np.ones(shape, np.float32) if is_empty(params.gamma) else ctx.decode(params.gamma, shape, "gamma")
    beta = None if is_empty(params.beta) else ctx.weights(params.beta, shape, "beta")
    x, scale = ctx.x(), ctx.constant(gamma)
    if math.prod(shape) == 1:
        # ONNX Runtime refuses to normalize single numbers.
        normalized = ctx.node("Mul", _centred(ctx, x, [-1 - axis for axis in range(len(shape))], params.eps), scale)
        return normalized if beta is None else ctx.node("Add", normalized, beta)
    return ctx.node("LayerNormalization", x, scale, beta, axis=-len(shape), epsilon=params.eps)
