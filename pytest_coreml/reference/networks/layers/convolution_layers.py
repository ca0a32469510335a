"""Convolutions of images and volumes, and their transposes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pytest_coreml.reference.networks.layer_registry import lowers
from pytest_coreml.reference.networks.layers._layer_windows import (
    Kernel,
    edges3d,
    kernel3d,
    onnx_pads,
    two,
    window_edges,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_coreml.reference.networks.layer_context import LayerContext
    from pytest_coreml.reference.networks.tensors import Blob, Tensor


@lowers("convolution")
def convolution(ctx: LayerContext) -> Blob:
    """Lower a convolution; the weights may be a second input."""
    params = ctx.params
    image = ctx.image()
    kernel = Kernel(two(params.kernelSize, 3), two(params.stride, 1), two(params.dilationFactor, 1))
    groups = int(params.nGroups) or 1
    weights = _weights(ctx, kernel, groups)
    bias = ctx.weights(params.bias, [params.outputChannels], "the bias") if params.hasBias else None
    if params.isDeconvolution:
        edges = _cut_edges(ctx, ctx.static(image)[2:], kernel)
        return ctx.from_image(_transposed(ctx, (image, weights, bias), edges, _attributes(kernel, groups)))
    edges = window_edges(ctx, "ConvolutionPaddingType", image.shape[2:], kernel)
    return ctx.from_image(ctx.node("Conv", image, weights, bias, pads=onnx_pads(edges), **_attributes(kernel, groups)))


def _attributes(kernel: Kernel, groups: int) -> dict[str, Any]:
    return {"strides": list(kernel.strides), "dilations": list(kernel.dilations), "group": groups}


def _weights(ctx: LayerContext, kernel: Kernel, groups: int) -> Tensor:
    params = ctx.params
    if ctx.count > 1:
        return ctx.x(1)
    if params.isDeconvolution:
        # The comments of the format have the first two the other way round; coremltools' tests have not.
        shape = [params.kernelChannels, params.outputChannels // groups, *kernel.size]
        return ctx.weights(params.weights, shape, channel_axis=1)
    return ctx.weights(params.weights, [params.outputChannels, params.kernelChannels, *kernel.size])


def _cut_edges(ctx: LayerContext, sizes: Sequence[int], kernel: Kernel) -> list[tuple[int, int]]:
    """Return what a transposed convolution loses at each end."""
    params = ctx.params
    is_same = params.WhichOneof("ConvolutionPaddingType") == "same"
    if not params.outputShape and not is_same:
        return window_edges(ctx, "ConvolutionPaddingType", sizes, kernel)
    top_left = is_same and params.same.asymmetryMode == params.same.TOP_LEFT_HEAVY
    return _divided(sizes, kernel, [int(size) for size in params.outputShape], top_left=top_left)


def _divided(sizes: Sequence[int], kernel: Kernel, wanted: Sequence[int], *, top_left: bool) -> list[tuple[int, int]]:
    """Return what must go so that the *wanted* size is left, by default that of the input times the stride."""
    edges = []
    wanted = wanted or [size * stride for size, stride in zip(sizes, kernel.strides, strict=True)]
    for size, reach, stride, goal in zip(sizes, kernel.extent, kernel.strides, wanted, strict=True):
        total = (size - 1) * stride + reach - goal
        start = max(0, -(-total // 2) if top_left else total // 2)
        edges.append((start, total - start))
    return edges


def _transposed(
    ctx: LayerContext, inputs: Sequence[Tensor | None], edges: Sequence[tuple[int, int]], common: dict[str, Any]
) -> Tensor:
    """Add the node; a negative end is one to which rows are added."""
    added = [max(0, -end) for _, end in edges]
    pads = onnx_pads([(start, max(0, end)) for start, end in edges])
    extra = {"output_padding": added} if any(added) else {}
    return ctx.node("ConvTranspose", *inputs, pads=pads, **extra, **common)


@lowers("convolution3d")
def convolution3d(ctx: LayerContext) -> Tensor:
    """Lower a convolution of volumes."""
    params = ctx.params
    x = ctx.x()
    kernel, groups = kernel3d(params, is_dilated=True), int(params.nGroups) or 1
    bias = ctx.weights(params.bias, [params.outputChannels], "the bias") if params.hasBias else None
    edges = edges3d(params, ctx.static(x)[2:], kernel)
    if not params.isDeconvolution:
        weights = ctx.weights(params.weights, [params.outputChannels, params.inputChannels // groups, *kernel.size])
        return ctx.node("Conv", x, weights, bias, pads=onnx_pads(edges), **_attributes(kernel, groups))
    shape = [params.inputChannels, params.outputChannels // groups, *kernel.size]
    weights = ctx.weights(params.weights, shape, channel_axis=1)
    if params.outputShape or params.paddingType == params.SAME:
        wanted = [int(size) for size in params.outputShape][-3:]
        edges = _divided(ctx.static(x)[2:], kernel, wanted, top_left=False)
    return _transposed(ctx, (x, weights, bias), edges, _attributes(kernel, groups))
