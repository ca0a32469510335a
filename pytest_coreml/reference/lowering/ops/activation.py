"""Activations (`iOS15/activation.py`, `iOS17/activation.py` of coremltools).

Defined on floating-point tensors. Since iOS 17 the parameters may be of another floating-point type than `x`; the graph
computes both in fp32.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_coreml.reference.lowering.registry import lowers

if TYPE_CHECKING:
    from pytest_coreml.reference.graph import Value
    from pytest_coreml.reference.lowering.context import Context

_PLAIN = {"relu": "Relu", "sigmoid": "Sigmoid", "softplus": "Softplus", "softsign": "Softsign"}
_GELU = {"EXACT": "none", "TANH_APPROXIMATION": "tanh"}


@lowers(*_PLAIN)
def plain(ctx: Context) -> Value:
    """Lower activations without parameters that ONNX has under another name."""
    return ctx.node(_PLAIN[ctx.op.type], ctx.input("x"))


@lowers("relu6")
def relu6(ctx: Context) -> Value:
    """Lower `min(max(x, 0), 6)` to the Clip that ONNX Runtime fuses into a convolution."""
    dtype = ctx.dtype("x")
    return ctx.node("Clip", ctx.input("x"), ctx.literal(0, dtype), ctx.literal(6, dtype))


@lowers("leaky_relu")
def leaky_relu(ctx: Context) -> Value:
    """Lower `x if x >= 0 else alpha * x`."""
    return ctx.node("LeakyRelu", ctx.input("x"), alpha=float(ctx.scalar("alpha")))


@lowers("clamped_relu")
def clamped_relu(ctx: Context) -> Value:
    """Lower `min(beta, x if x >= 0 else alpha * x)`."""
    leaky = ctx.node("LeakyRelu", ctx.input("x"), alpha=float(ctx.scalar("alpha")))
    return ctx.node("Min", leaky, ctx.literal(ctx.scalar("beta"), ctx.dtype("x")))


@lowers("elu")
def elu(ctx: Context) -> Value:
    """Lower `x if x > 0 else alpha * (exp(x) - 1)`."""
    return ctx.node("Elu", ctx.input("x"), alpha=float(ctx.scalar("alpha")))


@lowers("gelu")
def gelu(ctx: Context) -> Value:
    """Lower the three forms of GELU; the default is the exact one."""
    x = ctx.input("x")
    mode = ctx.scalar("mode", "EXACT")
    if mode == "SIGMOID_APPROXIMATION":
        scaled = ctx.node("Mul", x, ctx.literal(1.702, ctx.dtype("x")))
        return ctx.node("Mul", x, ctx.node("Sigmoid", scaled))
    if mode not in _GELU:
        ctx.refuse(f"unknown mode {mode!r}")
    return ctx.node("Gelu", x, approximate=_GELU[mode])


@lowers("silu")
def silu(ctx: Context) -> Value:
    """Lower `x * sigmoid(x)`."""
    x = ctx.input("x")
    return ctx.node("Mul", x, ctx.node("Sigmoid", x))


@lowers("linear_activation")
def linear_activation(ctx: Context) -> Value:
    """Lower `alpha * x + beta`."""
    return ctx.node("Add", ctx.node("Mul", ctx.input("x"), ctx.input("alpha")), ctx.input("beta"))


@lowers("scaled_tanh")
def scaled_tanh(ctx: Context) -> Value:
    """Lower `alpha * tanh(beta * x)`."""
    inner = ctx.node("Mul", ctx.input("x"), ctx.input("beta"))
    return ctx.node("Mul", ctx.node("Tanh", inner), ctx.input("alpha"))


@lowers("sigmoid_hard")
def sigmoid_hard(ctx: Context) -> Value:
    """Lower `min(max(alpha * x + beta, 0), 1)`."""
    alpha, beta = float(ctx.scalar("alpha")), float(ctx.scalar("beta"))
    return ctx.node("HardSigmoid", ctx.input("x"), alpha=alpha, beta=beta)


@lowers("prelu")
def prelu(ctx: Context) -> Value:
    """Lower `x if x > 0 else alpha * x`, one `alpha` a channel."""
    return ctx.node("PRelu", ctx.input("x"), _per_channel(ctx, "alpha"))


@lowers("softplus_parametric")
def softplus_parametric(ctx: Context) -> Value:
    """Lower `alpha * log(1 + exp(beta * x))`, one `alpha` and `beta` a channel."""
    inner = ctx.node("Mul", ctx.input("x"), _per_channel(ctx, "beta"))
    return ctx.node("Mul", ctx.node("Softplus", inner), _per_channel(ctx, "alpha"))


@lowers("thresholded_relu")
def thresholded_relu(ctx: Context) -> Value:
    """Lower `x if x >= alpha else 0`; ONNX's ThresholdedRelu leaves out the equal case."""
    x = ctx.input("x")
    return ctx.node("Where", ctx.node("GreaterOrEqual", x, ctx.input("alpha")), x, ctx.literal(0, ctx.dtype("x")))


@lowers("softmax")
def softmax(ctx: Context) -> Value:
    """Lower softmax along one axis, the last by default."""
    return ctx.node("Softmax", ctx.input("x"), axis=ctx.axis("axis", ctx.rank("x"), -1))


def _per_channel(ctx: Context, param: str) -> Value:
    """Reshape a vector over the channels (axis 1) so that it broadcasts over the dimensions after them."""
    vector = ctx.const(param).reshape(-1, *[1] * (ctx.rank("x") - 2))
    return ctx.literal(vector, ctx.dtype("x"))
