"""Non-maximum suppression (`tensor_operation.py` of coremltools).

A box has a score for each class, and is ranked by the largest. If no score is above the threshold, the box with the
largest score is still selected, as in the reference implementation in coremltools' tests.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from pytest_coreml.reference.format.dtypes import DType
from pytest_coreml.reference.lowering.registry import lowers

if TYPE_CHECKING:
    from pytest_coreml.reference.graph import Value
    from pytest_coreml.reference.lowering.context import Context

_LOWEST: Final = float(np.finfo(np.float32).min)


@lowers("non_maximum_suppression")
def non_maximum_suppression(ctx: Context) -> tuple[Value, ...]:
    """Lower to the boxes [batch, boxes, 4], their scores and their indices; up to iOS 16 also their number.

    Since iOS 17 the number of boxes is the last dimension, and there is no threshold for scores.
    """
    boxes_last = not ctx.has("score_threshold")
    boxes, scores = (_turned(ctx, ctx.input(param), boxes_last) for param in ("boxes", "scores"))
    best = ctx.node("ReduceMax", scores, ctx.int64([2]), keepdims=False)
    chosen = _chosen(ctx, boxes, scores, best)
    indices, is_valid = _ranked(ctx, best, chosen)
    gathered = (_gathered(ctx, values, indices, is_valid) for values in (boxes, scores))
    results = [_turned(ctx, values, boxes_last) for values in gathered]
    results.append(ctx.cast(ctx.node("Where", is_valid, indices, ctx.int64(-1)), DType.INT32))
    if not boxes_last:
        count = ctx.node("ReduceSum", ctx.cast(is_valid, DType.INT32), ctx.int64([1]), keepdims=False)
        results.append(count)
    return tuple(results)


def _turned(ctx: Context, values: Value, boxes_last: bool) -> Value:
    return ctx.node("Transpose", values, perm=[0, 2, 1]) if boxes_last else values


def _chosen(ctx: Context, boxes: Value, scores: Value, best: Value) -> Value:
    """Return which boxes are selected, as [batch, boxes] of 0 and 1."""
    selected = ctx.node(
        "NonMaxSuppression",
        boxes,
        _classes(ctx, scores, best),
        ctx.int64([ctx.scalar("max_boxes")]),
        ctx.literal([ctx.scalar("iou_threshold")], DType.FP32),
        ctx.literal([ctx.scalar("score_threshold", _LOWEST)], DType.FP32),
        center_point_box=1,
    )
    batch_and_box = ctx.node("Gather", selected, ctx.int64([0, 2]), axis=1)
    nothing = ctx.node("ConstantOfShape", ctx.node("Shape", best), value=np.zeros(1, np.int32))
    ones = ctx.node("ConstantOfShape", ctx.node("Shape", selected, start=0, end=1), value=np.ones(1, np.int32))
    chosen = ctx.node("ScatterND", nothing, batch_and_box, ones)
    highest = ctx.node("ArgMax", best, axis=1, keepdims=True)
    one = ctx.node("Expand", ctx.literal(1, DType.INT32), ctx.node("Shape", highest))
    fallback = ctx.node("ScatterElements", nothing, highest, one, axis=1)
    is_any = ctx.cast(ctx.node("ReduceMax", chosen, ctx.int64([1]), keepdims=True), DType.BOOL)
    return ctx.node("Where", is_any, chosen, fallback)


def _classes(ctx: Context, scores: Value, best: Value) -> Value:
    """Return the competing scores [batch, classes, boxes]: all classes together, or each box in its best class only."""
    if not ctx.scalar("per_class_suppression", False):
        return ctx.node("Unsqueeze", best, ctx.int64([1]))
    below = ctx.node("Expand", ctx.literal(-np.inf, DType.FP32), ctx.node("Shape", scores))
    highest = ctx.node("ArgMax", scores, axis=2, keepdims=True)
    own = ctx.node("ScatterElements", below, highest, ctx.node("Unsqueeze", best, ctx.int64([2])), axis=2)
    return ctx.node("Transpose", own, perm=[0, 2, 1])


def _ranked(ctx: Context, best: Value, chosen: Value) -> tuple[Value, Value]:
    """Return the indices of the selected boxes by descending score, [batch, max_boxes], and which entries are valid."""
    count = ctx.scalar("max_boxes")
    # As many that are not chosen are put behind, so that there are always enough to take.
    more = ctx.int64([0, 0, 0, count])
    chosen = ctx.node("Pad", chosen, more, ctx.literal(0, DType.INT32))
    best = ctx.node("Pad", best, more, ctx.literal(-np.inf, DType.FP32))
    is_chosen = ctx.cast(chosen, DType.BOOL)
    keys = ctx.node("Where", is_chosen, best, ctx.literal(-np.inf, DType.FP32))
    _, indices = ctx.nodes("TopK", keys, ctx.int64([count]), outputs=2, axis=1)
    return indices, ctx.cast(ctx.node("GatherElements", chosen, indices, axis=1), DType.BOOL)


def _gathered(ctx: Context, values: Value, indices: Value, is_valid: Value) -> Value:
    """Return the rows of the selected boxes, zeros for entries without a box."""
    places = ctx.node("Unsqueeze", ctx.node("Where", is_valid, indices, ctx.int64(0)), ctx.int64([2]))
    rows = ctx.node("GatherND", values, places, batch_dims=1)
    return ctx.node("Where", ctx.node("Unsqueeze", is_valid, ctx.int64([2])), rows, ctx.literal(0, DType.FP32))
