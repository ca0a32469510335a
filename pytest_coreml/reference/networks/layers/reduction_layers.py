"""Sums, and what is like them, over axes of blobs of any rank."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_coreml.reference.networks.layer_registry import lowers

if TYPE_CHECKING:
    from pytest_coreml.reference.networks.layer_context import LayerContext
    from pytest_coreml.reference.networks.tensors import Tensor

_KINDS = ("L1", "L2", "Max", "Min", "Sum", "Prod", "Mean", "LogSum", "SumSquare", "LogSumExp")


@lowers(*(f"reduce{kind}" for kind in _KINDS))
def reduce(ctx: LayerContext) -> Tensor:
    """Lower a reduction of some axes, or of all; a single number has the shape (1,)."""
    params = ctx.params
    x = ctx.x()
    axes = list(range(x.rank)) if params.reduceAll or not params.axes else [ctx.axis(a, x.rank) for a in params.axes]
    op_type = f"Reduce{ctx.type.removeprefix('reduce')}"
    return ctx.not_scalar(ctx.node(op_type, x, ctx.int64(axes), keepdims=int(params.keepDims)))


@lowers("cumSum")
def cumulative_sum(ctx: LayerContext) -> Tensor:
    """Lower the sums of all elements before and with each one, or without it."""
    params = ctx.params
    x = ctx.x()
    axis = ctx.scalar(ctx.integers(ctx.x(1))) if ctx.count > 1 else ctx.int64(ctx.axis(params.axis, x.rank))
    return ctx.node("CumSum", x, axis, exclusive=int(params.excludeFinalSum), reverse=int(params.reverse))
