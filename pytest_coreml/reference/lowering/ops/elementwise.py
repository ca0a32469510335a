"""Elementwise operations on one or two tensors (`elementwise_unary.py`, `elementwise_binary.py` of coremltools)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from pytest_coreml.reference.format.dtypes import DType
from pytest_coreml.reference.lowering.registry import lowers

if TYPE_CHECKING:
    from pytest_coreml.reference.graph import Value
    from pytest_coreml.reference.lowering.context import Context

# Of these, ONNX Runtime has kernels for every type that MIL allows.
_UNARY = {"abs": "Abs", "logical_not": "Not", "sign": "Sign"}
_UNARY_OF_FLOATS = {
    "acos": "Acos",
    "asin": "Asin",
    "atan": "Atan",
    "atanh": "Atanh",
    "ceil": "Ceil",
    "cos": "Cos",
    "cosh": "Cosh",
    "erf": "Erf",
    "exp": "Exp",
    "floor": "Floor",
    "round": "Round",
    "sin": "Sin",
    "sinh": "Sinh",
    "sqrt": "Sqrt",
    "tan": "Tan",
    "tanh": "Tanh",
}
_BINARY = {
    "add": "Add",
    "logical_and": "And",
    "logical_or": "Or",
    "logical_xor": "Xor",
    "maximum": "Max",
    "minimum": "Min",
    "mul": "Mul",
    "pow": "Pow",
    "sub": "Sub",
}
_COMPARISONS = {
    "equal": "Equal",
    "greater": "Greater",
    "greater_equal": "GreaterOrEqual",
    "less": "Less",
    "less_equal": "LessOrEqual",
}


@lowers(*_UNARY)
def unary(ctx: Context) -> Value:
    """Lower operations that ONNX has under another name."""
    return ctx.node(_UNARY[ctx.op.type], ctx.input("x"))


@lowers(*_UNARY_OF_FLOATS)
def unary_of_floats(ctx: Context) -> Value:
    """Lower operations that ONNX has for floating-point numbers only; integers are converted to fp32 and back."""
    op_type, dtype, x = _UNARY_OF_FLOATS[ctx.op.type], ctx.dtype("x"), ctx.input("x")
    if dtype.is_float:
        return ctx.node(op_type, x)
    return ctx.cast(ctx.node(op_type, ctx.cast(x, DType.FP32)), dtype)


@lowers("square")
def square(ctx: Context) -> Value:
    """Lower `x * x`."""
    x = ctx.input("x")
    return ctx.node("Mul", x, x)


@lowers("exp2")
def exp2(ctx: Context) -> Value:
    """Lower `2 ** x`."""
    return ctx.node("Pow", ctx.literal(2, ctx.dtype("x")), ctx.input("x"))


@lowers("inverse")
def inverse(ctx: Context) -> Value:
    """Lower `1 / (x + epsilon)`."""
    return ctx.node("Reciprocal", _plus_epsilon(ctx, 1e-4))


@lowers("rsqrt")
def rsqrt(ctx: Context) -> Value:
    """Lower `1 / sqrt(x + epsilon)`."""
    return ctx.node("Reciprocal", ctx.node("Sqrt", _plus_epsilon(ctx, 1e-12)))


@lowers("log")
def log(ctx: Context) -> Value:
    """Lower `log(x + epsilon)`."""
    return ctx.node("Log", _plus_epsilon(ctx, 1e-45))


def _plus_epsilon(ctx: Context, default: float) -> Value:
    epsilon = ctx.scalar("epsilon", default)
    if epsilon == 0:
        return ctx.input("x")
    return ctx.node("Add", ctx.input("x"), ctx.literal(epsilon, ctx.dtype("x")))


@lowers("clip")
def clip(ctx: Context) -> Value:
    """Lower `min(max(x, alpha), beta)`; bounds of the type of `x`, as ONNX wants them."""
    dtype = ctx.dtype("x")
    lower, upper = (ctx.literal(_bound(ctx.scalar(param), dtype), dtype) for param in ("alpha", "beta"))
    return ctx.node("Clip", ctx.input("x"), lower, upper)


@lowers("threshold")
def threshold(ctx: Context) -> Value:
    """Lower `max(x, alpha)`."""
    return ctx.node("Max", ctx.input("x"), ctx.literal(ctx.scalar("alpha"), ctx.dtype("x")))


def _bound(number: float, dtype: DType) -> float:
    """Clamp a bound of an integer clip, which may be infinite, to the range of the type."""
    if dtype.is_float:
        return number
    limits = np.iinfo(dtype.compute.numpy.name)
    return int(min(max(number, limits.min), limits.max))


@lowers("cast")
def cast(ctx: Context) -> Value:
    """Lower a conversion; none is needed between fp16 and fp32, which the graph computes in the same type."""
    x, source, target = ctx.input("x"), ctx.dtype("x"), ctx.output_type().dtype
    return x if source.compute is target.compute else ctx.cast(x, target)


@lowers(*_BINARY)
def binary(ctx: Context) -> Value:
    """Lower operations that ONNX has under another name; both broadcast like numpy."""
    return ctx.node(_BINARY[ctx.op.type], ctx.input("x"), ctx.input("y"))


@lowers(*_COMPARISONS)
def comparison(ctx: Context) -> Value:
    """Lower a comparison; ONNX does not order booleans, so these are compared as numbers."""
    x, y = ctx.input("x"), ctx.input("y")
    if ctx.dtype("x") is DType.BOOL:
        x, y = ctx.cast(x, DType.INT32), ctx.cast(y, DType.INT32)
    return ctx.node(_COMPARISONS[ctx.op.type], x, y)


@lowers("not_equal")
def not_equal(ctx: Context) -> Value:
    """Lower to the negation of Equal, which supports every type."""
    return ctx.node("Not", ctx.node("Equal", ctx.input("x"), ctx.input("y")))


@lowers("real_div")
def real_div(ctx: Context) -> Value:
    """Lower division; integers are divided exactly, and truncated to the declared type."""
    quotient = ctx.node("Div", *_operands(ctx))
    return _as_declared(ctx, quotient)


@lowers("floor_div")
def floor_div(ctx: Context) -> Value:
    """Lower division rounded down, as Python's `//`; ONNX divides integers towards zero."""
    quotient = ctx.node("Floor", ctx.node("Div", *_operands(ctx)))
    return _as_declared(ctx, quotient)


@lowers("mod")
def mod(ctx: Context) -> Value:
    """Lower the remainder with the sign of the divisor, as Python's `%`; that of ONNX has the sign of the dividend.

    This is exact; `x - floor(x / y) * y` is not where the quotient is rounded up to a whole number.
    """
    x, y = _operands(ctx)
    remainder = ctx.node("Mod", x, y, fmod=True)
    moved = ctx.node("Add", remainder, y)
    zero = ctx.literal(0, DType.FP32 if ctx.dtype("x").is_float else DType.FP64)
    is_other_side = ctx.node("Less", ctx.node("Mul", ctx.node("Sign", remainder), ctx.node("Sign", y)), zero)
    return _as_declared(ctx, ctx.node("Where", is_other_side, moved, remainder))


def _operands(ctx: Context) -> tuple[Value, Value]:
    """Return both operands as floating-point numbers: fp64 holds every int32, and defines division by zero."""
    x, y = ctx.input("x"), ctx.input("y")
    if ctx.dtype("x").is_float:
        return x, y
    return ctx.cast(x, DType.FP64), ctx.cast(_not_zero(ctx, y), DType.FP64)


def _not_zero(ctx: Context, y: Value) -> Value:
    """Return a divisor of whole numbers with zeros replaced; MIL does not define division by zero."""
    if ctx.is_const("y") and ctx.const("y").all():
        return y
    return ctx.checked(y, ctx.node("Equal", y, ctx.literal(0, ctx.dtype("y"))), "division by zero")


def _as_declared(ctx: Context, value: Value) -> Value:
    return value if ctx.dtype("x").is_float else ctx.cast(value, ctx.output_type().dtype)
