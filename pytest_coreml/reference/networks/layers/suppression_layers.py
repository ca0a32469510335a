"""The suppression of boxes that overlap a better one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from pytest_coreml.reference.format.dtypes import DType
from pytest_coreml.reference.networks.layer_registry import lowers

if TYPE_CHECKING:
    from pytest_coreml.reference.networks.layer_context import LayerContext
    from pytest_coreml.reference.networks.tensors import Tensor


@lowers("NonMaximumSuppression")
def non_maximum_suppression(ctx: LayerContext) -> list[Tensor]:
    """Lower the boxes that survive, their scores and indices, filled up to a number, and how many they are.

    Where no score reaches the threshold, the best box survives.
    """
    params = ctx.params
    boxes, scores = ctx.x(0), ctx.x(1)
    batch, number, classes = ctx.static(scores)
    limit = ctx.integers(ctx.row(ctx.x(4))) if ctx.count > 4 else ctx.int64([int(params.maxBoxes)])
    overlap = ctx.row(ctx.x(2)) if ctx.count > 2 else ctx.literal([params.iouThreshold])
    threshold = ctx.row(ctx.x(3)) if ctx.count > 3 else ctx.literal([params.scoreThreshold])
    best = ctx.node("ReduceMax", scores, ctx.int64([2]), keepdims=0)
    is_enough = ctx.node("GreaterOrEqual", best, threshold)
    candidates = ctx.node("Where", is_enough, best, ctx.number(-np.inf))
    # Classes that suppress each other only within themselves lie apart.
    places = _apart(ctx, boxes, scores) if params.perClassSuppression and classes > 1 else boxes
    chosen = ctx.node(
        "NonMaxSuppression",
        places,
        ctx.unsqueeze(candidates, 1),
        limit,
        overlap,
        ctx.literal([np.finfo(np.float32).min]),
        center_point_box=1,
    )
    kept = _mask(ctx, chosen, batch, number)
    # Nothing above the threshold: the best box after all
    is_any = ctx.node("ReduceMax", ctx.node("Cast", is_enough, to=DType.INT64), ctx.int64([1]), keepdims=1)
    first = ctx.node("ArgMax", best, axis=1, keepdims=1)
    is_first = ctx.node("Equal", ctx.int64(np.arange(number)), first)
    is_none = ctx.node("Not", ctx.node("Cast", is_any, to=DType.BOOL))
    kept = ctx.node("Or", kept, ctx.node("And", is_none, is_first))
    ranks = ctx.node("Where", kept, best, ctx.number(-np.inf))
    return _outputs(ctx, (boxes, scores), ranks, kept, limit)


def _apart(ctx: LayerContext, boxes: Tensor, scores: Tensor) -> Tensor:
    """Move the boxes of each class away from those of all others."""
    label = ctx.floats(ctx.node("ArgMax", scores, axis=2, keepdims=1))
    extent = ctx.node("ReduceMax", ctx.node("Abs", boxes), keepdims=0)
    step = ctx.node("Add", ctx.node("Mul", extent, ctx.number(4)), ctx.number(1))
    shift = ctx.node("Mul", ctx.node("Mul", label, step), ctx.literal([1.0, 0.0, 0.0, 0.0]))
    return ctx.node("Add", boxes, shift)


def _mask(ctx: LayerContext, chosen: Tensor, batch: int, number: int) -> Tensor:
    """Return which boxes [batch, number] are among the chosen (batch, class, box)."""
    pairs = ctx.node("Gather", chosen, ctx.int64([0, 2]), axis=1)
    nothing = ctx.literal(np.zeros((batch, number)), DType.FP32)
    ones = ctx.node("Add", ctx.node("Mul", ctx.floats(ctx.row(ctx.cut(pairs, 1, 0, 1))), ctx.number(0)), ctx.number(1))
    return ctx.node("Cast", ctx.node("ScatterND", nothing, pairs, ones), to=DType.BOOL)


def _outputs(
    ctx: LayerContext, sources: tuple[Tensor, Tensor], ranks: Tensor, kept: Tensor, limit: Tensor
) -> list[Tensor]:
    """Return boxes, scores and indices by their *ranks*, and how many of them are *kept*."""
    number = ctx.static(sources[1])[1]
    size = int(limit.known[0]) if limit.known is not None else None
    # The best first; what was suppressed comes last, and is cut off or overwritten.
    everything = ctx.int64([number])
    _, order = ctx.nodes("TopK", ranks, everything, outputs=2, axis=1)
    count = ctx.node("ReduceSum", ctx.node("Cast", kept, to=DType.INT64), ctx.int64([1]), keepdims=1)
    position = ctx.int64(np.arange(number))
    is_kept = ctx.node("Less", position, count)
    wide = ctx.unsqueeze(order, 2)
    results = []
    for source, width in zip(sources, (4, ctx.static(sources[1])[2]), strict=True):
        spread = ctx.node("Expand", wide, ctx.int64([1, 1, width]))
        taken = ctx.node("GatherElements", source, spread, axis=1)
        results.append(ctx.node("Where", ctx.unsqueeze(is_kept, 2), taken, ctx.number(0)))
    results.append(ctx.node("Where", is_kept, ctx.floats(order), ctx.number(-1)))
    padded = [_fitted(ctx, tensor, limit, size, value) for tensor, value in zip(results, (0.0, 0.0, -1.0), strict=True)]
    return [*padded, ctx.floats(ctx.squeeze(count, 1))]


def _fitted(ctx: LayerContext, x: Tensor, limit: Tensor, size: int | None, value: float) -> Tensor:
    """Cut or fill up the axis of the boxes to the number that is asked for."""
    number = ctx.static(x)[1]
    missing = ctx.node("Max", ctx.node("Sub", limit, ctx.int64([number])), ctx.int64([0]))
    zero = ctx.int64([0])
    amounts = [zero, zero, zero, missing] if x.rank == 2 else [zero, zero, zero, zero, missing, zero]
    if size is None or size > number:
        x = ctx.node("Pad", x, ctx.node("Concat", *amounts, axis=0), ctx.number(value))
    return ctx.node("Slice", x, zero, limit, ctx.int64([1]))
