"""Positions of output points on an input of another size; the modes are those of `resize_bilinear` in MIL."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_coreml.reference.format.dtypes import DType
from pytest_coreml.reference.lowering.shapes import as_vector

if TYPE_CHECKING:
    from pytest_coreml.reference.graph import Value
    from pytest_coreml.reference.lowering.context import Context
    from pytest_coreml.reference.lowering.known import Dimension


def nearest_positions(ctx: Context, mode: str, length: Dimension, size: Dimension) -> Value:
    """Return the pixel of each of *size* points on a line of *length* pixels.

    With `DEFAULT` it is the pixel in which the point begins, else the nearest one, the later of two equally near ones.
    """
    numerator, denominator = _fractions(ctx, mode, length, size)
    if mode == "DEFAULT":
        return ctx.node("Div", numerator, denominator)
    doubled = ctx.node("Add", ctx.node("Mul", numerator, ctx.int64(2)), denominator)
    return _inside(ctx, ctx.node("Div", doubled, ctx.node("Mul", denominator, ctx.int64(2))), length)


def linear_positions(ctx: Context, mode: str, length: Dimension, size: Dimension) -> tuple[Value, Value, Value]:
    """Return the pixels before and after each of *size* points on *length* pixels, and the weight of the second."""
    numerator, denominator = _fractions(ctx, mode, length, size)
    floats = [ctx.cast(number, DType.FP64) for number in (numerator, denominator)]
    last = ctx.cast(_last(ctx, length), DType.FP64)
    point = ctx.node("Div", *floats)
    point = ctx.node("Min", ctx.node("Max", point, ctx.literal(0, DType.FP64)), last)
    floor = ctx.node("Floor", point)
    low = ctx.cast(floor, DType.INT64)
    high = _inside(ctx, ctx.node("Add", low, ctx.int64(1)), length)
    return low, high, ctx.cast(ctx.node("Sub", point, floor), DType.FP32)


def _fractions(ctx: Context, mode: str, length: Dimension, size: Dimension) -> tuple[Value, Value]:
    """Return the points as exact fractions: a vector of numerators and their denominator."""
    xin, xout = as_vector(ctx, length), as_vector(ctx, size)
    one, two = ctx.int64(1), ctx.int64(2)
    index = ctx.node("Range", ctx.int64(0), ctx.node("Squeeze", xout, ctx.int64([0])), one)
    if mode == "DEFAULT":
        return ctx.node("Mul", index, xin), xout
    odd = ctx.node("Add", ctx.node("Mul", index, two), one)
    if mode == "UNALIGN_CORNERS":
        return ctx.node("Sub", ctx.node("Mul", odd, xin), xout), ctx.node("Mul", xout, two)
    last = ctx.node("Sub", xin, one)
    if mode == "OFFSET_CORNERS":
        return ctx.node("Mul", odd, ctx.node("Max", last, one)), ctx.node("Mul", xout, two)
    numerator, denominator = ctx.node("Mul", index, last), ctx.node("Max", ctx.node("Sub", xout, one), one)
    if mode == "STRICT_ALIGN_CORNERS":
        return numerator, denominator
    if mode != "ALIGN_CORNERS":
        ctx.refuse(f"unknown sampling mode {mode!r}")
    alone = ctx.node("Equal", xout, one)
    return ctx.node("Where", alone, last, numerator), ctx.node("Where", alone, two, denominator)


def _last(ctx: Context, length: Dimension) -> Value:
    return ctx.node("Sub", as_vector(ctx, length), ctx.int64(1))


def _inside(ctx: Context, positions: Value, length: Dimension) -> Value:
    """Clip positions to the line."""
    return ctx.node("Min", ctx.node("Max", positions, ctx.int64(0)), _last(ctx, length))
