"""Layers on single elements of one or several blobs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from pytest_coreml.reference.errors import BadModelError
from pytest_coreml.reference.networks.layer_registry import lowers
from pytest_coreml.reference.networks.layers._layer_activations import affine

if TYPE_CHECKING:
    from pytest_coreml.reference.networks.layer_context import LayerContext
    from pytest_coreml.reference.networks.tensors import Blob, Tensor

_ONE_NODE: Final = {
    **{name: name.capitalize() for name in ("ceil", "floor", "sign", "sin", "cos", "tan", "asin", "acos", "atan")},
    **{name: name.capitalize() for name in ("sinh", "cosh", "tanh", "asinh", "acosh", "atanh", "erf", "round")},
}
_COMPARISONS: Final = {
    "equal": "Equal",
    "notEqual": "Equal",
    "lessThan": "Less",
    "lessEqual": "LessOrEqual",
    "greaterThan": "Greater",
    "greaterEqual": "GreaterOrEqual",
}
_LOGIC: Final = {"logicalOr": "Or", "logicalXor": "Xor", "logicalAnd": "And"}
_BROADCASTING: Final = {
    "minBroadcastable": "Min",
    "maxBroadcastable": "Max",
    "addBroadcastable": "Add",
    "powBroadcastable": "Pow",
    "divideBroadcastable": "Div",
    "multiplyBroadcastable": "Mul",
    "subtractBroadcastable": "Sub",
    "max": "Max",
    "min": "Min",
}
_DEFAULT_EPSILON: Final = 1e-6


@lowers(*_ONE_NODE)
def one_node(ctx: LayerContext) -> Blob:
    """Lower a function that ONNX has; `round` is to even in both."""
    return ctx.map(lambda x: ctx.node(_ONE_NODE[ctx.type], x))


@lowers("exp2")
def exp2(ctx: LayerContext) -> Blob:
    """Lower `2 ** x`."""
    return ctx.map(lambda x: ctx.node("Pow", ctx.number(2), x))


@lowers("unary")
def unary(ctx: LayerContext) -> Blob:
    """Lower a function of `scale * x + shift`; a scale of 0 is one that was not set."""
    params = ctx.params
    kind = params.Operation.Name(params.type)
    epsilon = params.epsilon or _DEFAULT_EPSILON

    def function(x: Tensor) -> Tensor:
        x = affine(ctx, x, params.scale or 1.0, params.shift)
        if kind in ("RSQRT", "INVERSE", "LOG"):
            x = ctx.node("Add", x, ctx.number(epsilon))
        if kind == "RSQRT":
            return ctx.node("Reciprocal", ctx.node("Sqrt", x))
        if kind == "POWER":
            return ctx.node("Pow", x, ctx.number(params.alpha))
        if kind == "THRESHOLD":
            return ctx.node("Max", x, ctx.number(params.alpha))
        return ctx.node({"SQRT": "Sqrt", "INVERSE": "Reciprocal", "EXP": "Exp", "LOG": "Log", "ABS": "Abs"}[kind], x)

    return ctx.map(function)


@lowers("add", "multiply")
def add_or_multiply(ctx: LayerContext) -> Blob:
    """Lower a sum or product of blobs, or of one blob and a number."""
    op_type = "Add" if ctx.type == "add" else "Mul"
    if ctx.count == 1:
        return ctx.map(lambda x: ctx.node(op_type, x, ctx.number(ctx.params.alpha)))
    return ctx.fold(op_type, ctx.blobs)


@lowers(*_BROADCASTING)
def broadcasting(ctx: LayerContext) -> Blob:
    """Lower an operator on blobs that broadcast."""
    return ctx.fold(_BROADCASTING[ctx.type], _two_or_more(ctx))


def _two_or_more(ctx: LayerContext) -> list[Blob]:
    if ctx.count < 2 and ctx.type not in ("max", "min"):
        raise BadModelError(f"has {ctx.count} inputs, expected 2 or more")
    return ctx.blobs


@lowers("floorDivBroadcastable", "modBroadcastable")
def floor_division(ctx: LayerContext) -> Blob:
    """Lower a division that rounds down, and what it leaves over, which has the sign of the divisor."""

    def function(x: Tensor, y: Tensor) -> Tensor:
        quotient = ctx.node("Floor", ctx.node("Div", x, y))
        return quotient if ctx.type != "modBroadcastable" else ctx.node("Sub", x, ctx.node("Mul", quotient, y))

    return ctx.broadcast(function, ctx.blob(0), ctx.blob(1))


@lowers("average")
def average(ctx: LayerContext) -> Blob:
    """Lower the mean of blobs."""
    total = ctx.fold("Add", ctx.blobs)
    return ctx.map(lambda x: ctx.node("Mul", x, ctx.number(1 / ctx.count)), total)


@lowers(*_COMPARISONS)
def comparison(ctx: LayerContext) -> Blob:
    """Lower a comparison of two blobs, or of one with a number; true is 1."""

    def compare(x: Tensor, y: Tensor) -> Tensor:
        result = ctx.node(_COMPARISONS[ctx.type], x, y)
        return ctx.floats(ctx.node("Not", result) if ctx.type == "notEqual" else result)

    if ctx.count == 1:
        return ctx.map(lambda x: compare(x, ctx.number(ctx.params.alpha)))
    return ctx.broadcast(compare, ctx.blob(0), ctx.blob(1))


@lowers(*_LOGIC)
def logic(ctx: LayerContext) -> Blob:
    """Lower an operator on truth values."""

    def function(x: Tensor, y: Tensor) -> Tensor:
        return ctx.floats(ctx.node(_LOGIC[ctx.type], ctx.truth(x), ctx.truth(y)))

    return ctx.broadcast(function, ctx.blob(0), ctx.blob(1))


@lowers("logicalNot")
def logical_not(ctx: LayerContext) -> Blob:
    """Lower a negation."""
    return ctx.map(lambda x: ctx.floats(ctx.node("Not", ctx.truth(x))))


@lowers("whereBroadcastable")
def where(ctx: LayerContext) -> Tensor:
    """Lower a choice between two blobs, element by element."""
    return ctx.node("Where", ctx.truth(ctx.x(0)), ctx.x(1), ctx.x(2))


@lowers("scale")
def scale(ctx: LayerContext) -> Blob:
    """Lower a product with numbers for each channel or element, and a sum."""
    params = ctx.params
    factor = _along_channels(ctx, params.scale, params.shapeScale, "the scale")
    addend = _along_channels(ctx, params.bias, params.shapeBias, "the bias") if params.hasBias else None

    def function(x: Tensor) -> Tensor:
        x = ctx.node("Mul", x, factor)
        return ctx.node("Add", x, addend) if addend is not None else x

    return ctx.map(function)


@lowers("bias")
def bias(ctx: LayerContext) -> Blob:
    """Lower a sum with numbers for each channel or element."""
    addend = _along_channels(ctx, ctx.params.bias, ctx.params.shape, "the bias")
    return ctx.map(lambda x: ctx.node("Add", x, addend))


def _along_channels(ctx: LayerContext, params: object, shape: list[int], what: str) -> Tensor:
    """Return numbers of the shape [1], [C], [C, H, W] or [1, H, W] as they broadcast over an image."""
    sizes = [int(size) for size in shape]
    array = ctx.decode(params, sizes, what)
    return ctx.constant(array.reshape(-1, 1, 1) if len(sizes) == 1 and sizes[0] != 1 else np.asarray(array))
