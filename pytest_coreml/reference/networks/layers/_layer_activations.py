"""The functions of `ActivationParams`, for the activation layer and for recurrent layers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pytest_coreml.reference.errors import BadModelError
from pytest_coreml.reference.networks.weights import is_empty

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_coreml.reference.networks.layer_context import LayerContext
    from pytest_coreml.reference.networks.tensors import Tensor


def activation(ctx: LayerContext, params: Any) -> Callable[[Tensor], Tensor]:
    """Return the function that adds the nodes of an activation."""
    kind = params.WhichOneof("NonlinearityType")
    if kind is None:
        raise BadModelError("its activation has no type")
    numbers = getattr(params, kind)
    simple = {"ReLU": "Relu", "tanh": "Tanh", "sigmoid": "Sigmoid", "softsign": "Softsign", "softplus": "Softplus"}
    if kind in simple:
        return lambda x: ctx.node(simple[kind], x)
    with_numbers: dict[str, Callable[[Tensor], Tensor]] = {
        "linear": lambda x: affine(ctx, x, numbers.alpha, numbers.beta),
        "leakyReLU": lambda x: ctx.node("LeakyRelu", x, alpha=numbers.alpha),
        # ONNX's ThresholdedRelu leaves out the threshold itself.
        "thresholdedReLU": lambda x: ctx.node(
            "Where", ctx.node("GreaterOrEqual", x, ctx.number(numbers.alpha)), x, ctx.number(0)
        ),
        "PReLU": lambda x: ctx.node("PRelu", x, per_channel(ctx, numbers.alpha, x)),
        "scaledTanh": lambda x: affine(ctx, ctx.node("Tanh", affine(ctx, x, numbers.beta, 0)), numbers.alpha, 0),
        "sigmoidHard": lambda x: ctx.node("HardSigmoid", x, alpha=numbers.alpha, beta=numbers.beta),
        "ELU": lambda x: ctx.node("Elu", x, alpha=numbers.alpha),
        "parametricSoftplus": lambda x: ctx.node(
            "Mul",
            per_channel(ctx, numbers.alpha, x),
            ctx.node("Softplus", ctx.node("Mul", x, per_channel(ctx, numbers.beta, x))),
        ),
    }
    return with_numbers[kind]


def affine(ctx: LayerContext, x: Tensor, factor: float, addend: float) -> Tensor:
    """Return `factor * x + addend`, without nodes for what changes nothing."""
    if factor != 1:
        x = ctx.node("Mul", x, ctx.number(factor))
    return ctx.node("Add", x, ctx.number(addend)) if addend else x


def per_channel(ctx: LayerContext, params: Any, x: Tensor) -> Tensor:
    """Return a number, or one for each channel, as they broadcast along the channels."""
    if is_empty(params):
        raise BadModelError("its activation has no numbers")
    channels = x.shape[-3] if x.rank >= 3 else 1
    count = len(params.floatValue) or channels
    shape = [1] if count == 1 or channels is None else [channels, 1, 1]
    return ctx.weights(params, shape, "the numbers of the activation")
