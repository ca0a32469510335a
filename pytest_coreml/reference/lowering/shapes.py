"""Arithmetic on sizes: computed while lowering if they are known, else in the graph."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from pytest_coreml.reference.format.types import Shape
    from pytest_coreml.reference.graph import Value
    from pytest_coreml.reference.lowering.context import Context
    from pytest_coreml.reference.lowering.known import Dimension

# Half a gigabyte of int64
_MAX_ELEMENTS: Final = 1 << 26


def dimension(ctx: Context, value: Value, shape: Shape, axis: int) -> Dimension:
    """Return the size of one axis, which may be negative, of *value*, whose declared shape is *shape*."""
    known, axis = shape[axis], axis % len(shape)
    return known if known is not None else ctx.node("Shape", value, start=axis, end=axis + 1)


def dimensions(ctx: Context, value: Value, shape: Shape) -> list[Dimension]:
    """Return the size of every axis of *value*."""
    return [dimension(ctx, value, shape, axis) for axis in range(len(shape))]


def vector(ctx: Context, sizes: Sequence[Dimension]) -> Value:
    """Combine sizes to an int64 vector, as ONNX requires shapes."""
    if all(isinstance(size, int) for size in sizes):
        return ctx.int64(list(sizes))
    return ctx.node("Concat", *[as_vector(ctx, size) for size in sizes], axis=0)


def as_vector(ctx: Context, size: Dimension) -> Value:
    """Return a size as a vector of one element."""
    return ctx.int64([size]) if isinstance(size, int) else size


def times(ctx: Context, size: Dimension, factor: Dimension) -> Dimension:
    """Multiply two sizes."""
    if isinstance(size, int) and isinstance(factor, int):
        return size * factor
    return ctx.node("Mul", as_vector(ctx, size), as_vector(ctx, factor)) if factor != 1 else size


def plus(ctx: Context, size: Dimension, number: int) -> Dimension:
    """Add a number to a size."""
    if isinstance(size, int):
        return size + number
    return ctx.node("Add", size, ctx.int64([number])) if number else size


def minus(ctx: Context, size: Dimension, other: Dimension) -> Dimension:
    """Subtract one size from another."""
    if isinstance(size, int) and isinstance(other, int):
        return size - other
    return ctx.node("Sub", as_vector(ctx, size), as_vector(ctx, other))


def not_negative(ctx: Context, size: Dimension) -> Dimension:
    """Return the size, or 0 if it is negative."""
    return max(0, size) if isinstance(size, int) else ctx.node("Max", size, ctx.int64([0]))


def no_smaller(
    ctx: Context, value: Value, param: str, least: Mapping[int, Dimension], *, believe: bool = True
) -> Value:
    """Return *value*, which has the shape of *param*; fail if an axis is smaller than its entry in *least*.

    A known size is refused while lowering; an unknown one fails when the model runs, before a reshape, which is free.
    *believe*: trust the declared shape where it is known; otherwise ONNX Runtime checks the actual one.
    """
    return _checked(ctx, value, (param, ctx.shape(param)), least, believe=believe)


def not_empty(ctx: Context, value: Value, param: str, shape: Shape, axes: Iterable[int]) -> Value:
    """Return *value*, a value of *param* with this shape; fail if one of *axes* has no elements."""
    return _checked(ctx, value, (param, shape), dict.fromkeys(axes, 1), believe=True)


def _checked(
    ctx: Context, value: Value, named: tuple[str, Shape], least: Mapping[int, Dimension], *, believe: bool
) -> Value:
    (param, shape), is_sure = named, believe
    for axis, bound in least.items():
        size = shape[axis]
        if size is None or not isinstance(bound, int):
            is_sure = False
        elif size < bound:
            ctx.refuse(f"`{param}` has the size {size} on axis {axis}, expected {bound} or more")
    if is_sure:
        return value
    sizes = ctx.node("Shape", value)
    is_less = ctx.node("Less", sizes, vector(ctx, [least.get(axis, 0) for axis in range(len(shape))]))
    return ctx.node("Reshape", value, ctx.checked(sizes, is_less, f"`{param}` is too small"))


def within_reason(ctx: Context, *sizes: int) -> None:
    """Refuse to allocate a huge array while the model is loaded: a few bytes of a program can request any size."""
    if math.prod(max(size, 0) for size in sizes) > _MAX_ELEMENTS:
        ctx.refuse(f"it requires a huge array, of the shape {list(sizes)}")


def divided(ctx: Context, size: Dimension, number: int) -> Dimension:
    """Divide a size by a number, rounded down."""
    if isinstance(size, int):
        return size // number
    return ctx.node("Div", size, ctx.int64([number])) if number != 1 else size
