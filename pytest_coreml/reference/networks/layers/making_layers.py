"""Blobs that are made of little: constants, numbers repeated, ranges."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

import numpy as np

from pytest_coreml.reference.networks.layer_registry import lowers

if TYPE_CHECKING:
    from pytest_coreml.reference.networks.layer_context import LayerContext
    from pytest_coreml.reference.networks.tensors import Tensor

# Half a gigabyte of float32: a few bytes of a model can ask for any
_MAX_ELEMENTS: Final = 1 << 27


def target_shape(ctx: LayerContext, field: str) -> Tensor:
    """Return the shape that a layer of the kinds Like, Static and Dynamic makes, as ONNX wants it."""
    if ctx.type.endswith("Like"):
        return ctx.vector(ctx.sizes(ctx.x(ctx.count - 1)))
    if ctx.type.endswith("Dynamic"):
        return ctx.row(ctx.integers(ctx.x(ctx.count - 1)))
    sizes = [int(size) for size in getattr(ctx.params, field)]
    if math.prod(sizes) > _MAX_ELEMENTS:
        ctx.refuse(f"its result would have the shape {sizes}")
    return ctx.int64(sizes)


@lowers("loadConstantND")
def load_constant_nd(ctx: LayerContext) -> Tensor:
    """Lower a blob that is part of the model."""
    return ctx.weights(ctx.params.data, ctx.params.shape, "the constant")


@lowers("fillLike", "fillStatic", "fillDynamic")
def fill(ctx: LayerContext) -> Tensor:
    """Lower a number that is repeated."""
    # A branch that is not taken may ask for fewer than none.
    shape = ctx.node("Max", target_shape(ctx, "targetShape"), ctx.int64(0))
    return ctx.node("ConstantOfShape", shape, value=np.array([ctx.params.value], np.float32))


@lowers("broadcastToLike", "broadcastToStatic", "broadcastToDynamic")
def broadcast_to(ctx: LayerContext) -> Tensor:
    """Lower a blob that is repeated along axes of size 1."""
    return ctx.node("Expand", ctx.x(), target_shape(ctx, "targetShape"))


@lowers("rangeStatic")
def range_static(ctx: LayerContext) -> Tensor:
    """Lower numbers from a start to an end that is left out."""
    params = ctx.params
    step = params.stepSizeValue or 1.0
    if (params.endValue - params.startValue) / step > _MAX_ELEMENTS:
        ctx.refuse("its result does not fit into memory")
    return ctx.constant(np.arange(params.startValue, params.endValue, step, dtype=np.float32))


@lowers("rangeDynamic")
def range_dynamic(ctx: LayerContext) -> Tensor:
    """Lower a range whose end, and maybe start and step, the network computes."""
    params = ctx.params
    defaults = [params.startValue, params.stepSizeValue or 1.0]
    end = ctx.scalar(ctx.x())
    start, step = (
        ctx.scalar(ctx.x(index)) if ctx.count > index else ctx.number(default)
        for index, default in enumerate(defaults, 1)
    )
    return ctx.node("Range", start, end, step)


@lowers("tile")
def tile(ctx: LayerContext) -> Tensor:
    """Lower a blob that is repeated along its axes; the list of repetitions is filled up in front."""
    x = ctx.x()
    repeats = ctx.row(ctx.integers(ctx.x(1))) if ctx.count > 1 else ctx.int64([int(n) for n in ctx.params.reps])
    (count,) = ctx.static(repeats)
    if count > x.rank:
        x = ctx.unsqueeze(x, *range(count - x.rank))
    elif count < x.rank:
        repeats = ctx.node("Concat", ctx.int64([1] * (x.rank - count)), repeats, axis=0)
    return ctx.node("Tile", x, repeats)


@lowers("oneHot")
def one_hot(ctx: LayerContext) -> Tensor:
    """Lower indices to vectors with one number that differs."""
    params = ctx.params
    values = ctx.literal([params.offValue, params.onValue])
    size = ctx.integers(ctx.row(ctx.x(1))) if ctx.count > 1 else ctx.int64([int(params.oneHotVectorSize)])
    indices = ctx.x()
    axis = ctx.axis(params.axis, indices.rank + 1)
    return ctx.node("OneHot", ctx.integers(indices), size, values, axis=axis)
