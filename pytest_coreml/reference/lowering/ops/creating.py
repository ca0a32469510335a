"""Operations that create a tensor of numbers (`tensor_operation.py` of coremltools)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from pytest_coreml.reference.format.dtypes import DType
from pytest_coreml.reference.lowering.ops._carriers import carrier, delivered
from pytest_coreml.reference.lowering.registry import lowers

if TYPE_CHECKING:
    from pytest_coreml.reference.graph import Value
    from pytest_coreml.reference.lowering.context import Context


@lowers("fill")
def fill(ctx: Context) -> Value:
    """Lower a tensor of a given shape, filled with one number."""
    return _filled(ctx, ctx.as_int64("shape"))


@lowers("fill_like")
def fill_like(ctx: Context) -> Value:
    """Lower a tensor of the shape of another, filled with one number."""
    return _filled(ctx, ctx.node("Shape", ctx.input("ref_tensor")))


def _filled(ctx: Context, shape: Value) -> Value:
    number = np.array([ctx.scalar("value", 0.0)], ctx.output_type().dtype.compute.numpy)
    return ctx.node("ConstantOfShape", shape, value=number)


@lowers("range_1d")
def range_1d(ctx: Context) -> Value:
    """Lower the numbers from `start` up to `end`, exclusive, in steps of `step`."""
    start, end, step = (_scalar(ctx, param) for param in ("start", "end", "step"))
    if ctx.dtype("start") is not DType.FP16:
        return ctx.node("Range", start, end, step)
    # How many there are is what numpy counts in half precision: ten tenths, though a tenth of that is less than a tenth
    steps = ctx.node("Cast", ctx.node("Div", ctx.node("Sub", end, start), step), to=DType.FP16)
    count = ctx.cast(ctx.node("Ceil", ctx.cast(steps, DType.FP32)), DType.INT64)
    places = ctx.cast(ctx.node("Range", ctx.int64(0), count, ctx.int64(1)), DType.FP32)
    return ctx.node("Add", start, ctx.node("Mul", step, places))


def _scalar(ctx: Context, param: str) -> Value:
    return ctx.node("Squeeze", ctx.input(param)) if ctx.rank(param) else ctx.input(param)


@lowers("one_hot")
def one_hot(ctx: Context) -> Value:
    """Lower one-hot vectors; an index that is out of range makes a vector of `off_value` alone."""
    rank, dtype = ctx.rank("indices"), ctx.output_type().dtype
    axis = ctx.axis("axis", rank + 1, -1)
    count = ctx.node("Cast", _scalar(ctx, "one_hot_vector_size"), to=DType.INT64)
    places = ctx.node("Range", ctx.int64(0), count, ctx.int64(1))
    places = ctx.node("Reshape", places, ctx.int64([-1] + [1] * (rank - axis)))
    indices = ctx.node("Unsqueeze", ctx.as_int64("indices"), ctx.int64([axis]))
    on = ctx.literal(ctx.scalar("on_value", 1), carrier(dtype))
    off = ctx.literal(ctx.scalar("off_value", 0), carrier(dtype))
    return delivered(ctx, ctx.node("Where", ctx.node("Equal", indices, places), on, off), dtype)
