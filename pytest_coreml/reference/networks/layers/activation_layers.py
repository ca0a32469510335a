"""Activations: one layer with many functions, and those that later versions made separate layers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_coreml.reference.networks.layer_registry import lowers
from pytest_coreml.reference.networks.layers._layer_activations import activation

if TYPE_CHECKING:
    from pytest_coreml.reference.networks.layer_context import LayerContext
    from pytest_coreml.reference.networks.tensors import Blob, Tensor


@lowers("activation")
def activation_layer(ctx: LayerContext) -> Blob:
    """Lower the function that the layer names."""
    return ctx.map(activation(ctx, ctx.params))


@lowers("softmax")
def softmax(ctx: LayerContext) -> Blob:
    """Lower a softmax over the channels."""
    blob = ctx.blob()
    if blob.rank > 3 and blob.shape[-2:] == (1, 1):
        # ONNX Runtime is fastest on the last axis.
        image = ctx.as_image(blob)
        rows = ctx.node("Softmax", ctx.reshape(image, ctx.sizes(image)[:2]), axis=-1)
        return ctx.from_image(ctx.reshape(rows, ctx.sizes(image)))
    return ctx.map(lambda x: ctx.node("Softmax", x, axis=-3))


@lowers("softmaxND")
def softmax_nd(ctx: LayerContext) -> Tensor:
    """Lower a softmax over one axis."""
    return ctx.node("Softmax", ctx.x(), axis=ctx.axis(ctx.params.axis, ctx.x().rank))


@lowers("clip")
def clip(ctx: LayerContext) -> Blob:
    """Lower a cut-off at both ends."""
    return ctx.map(lambda x: ctx.node("Clip", x, ctx.number(ctx.params.minVal), ctx.number(ctx.params.maxVal)))


@lowers("clampedReLU")
def clamped_relu(ctx: LayerContext) -> Blob:
    """Lower a leaky ReLU that does not exceed beta."""

    def clamped(x: Tensor) -> Tensor:
        return ctx.node("Min", ctx.node("LeakyRelu", x, alpha=ctx.params.alpha), ctx.number(ctx.params.beta))

    return ctx.map(clamped)


@lowers("gelu")
def gelu(ctx: LayerContext) -> Blob:
    """Lower the exact function, or one of its approximations."""
    mode = ctx.params.mode
    if mode != ctx.params.SIGMOID_APPROXIMATION:
        approximate = "tanh" if mode == ctx.params.TANH_APPROXIMATION else "none"
        return ctx.map(lambda x: ctx.node("Gelu", x, approximate=approximate))
    return ctx.map(lambda x: ctx.node("Mul", x, ctx.node("Sigmoid", ctx.node("Mul", x, ctx.number(1.702)))))
