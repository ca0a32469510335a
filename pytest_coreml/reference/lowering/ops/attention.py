"""Attention (`iOS18/transformers.py` of coremltools)."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from pytest_coreml.reference.format.dtypes import DType
from pytest_coreml.reference.lowering.registry import lowers

if TYPE_CHECKING:
    from pytest_coreml.reference.graph import Value
    from pytest_coreml.reference.lowering.context import Context


@lowers("scaled_dot_product_attention")
def scaled_dot_product_attention(ctx: Context) -> Value:
    """Lower `softmax(query @ key.T / sqrt(E) + mask) @ value`; a boolean mask selects what takes part."""
    rank = ctx.rank("key")
    transposed = ctx.node("Transpose", ctx.input("key"), perm=[*range(rank - 2), rank - 1, rank - 2])
    scores = ctx.node("MatMul", ctx.node("Mul", ctx.input("query"), _scale(ctx)), transposed)
    if ctx.has("attn_mask"):
        scores = _masked(ctx, scores)
    return ctx.node("MatMul", ctx.node("Softmax", scores, axis=-1), ctx.input("value"))


def _scale(ctx: Context) -> Value:
    """Return `1 / sqrt(E)`, E being the size of the last dimension of `query`."""
    size, dtype = ctx.shape("query")[-1], ctx.dtype("query")
    if size is not None:
        return ctx.literal(1 / math.sqrt(size), dtype)
    size_now = ctx.cast(ctx.node("Shape", ctx.input("query"), start=-1), dtype)
    return ctx.node("Reciprocal", ctx.node("Sqrt", size_now))


def _masked(ctx: Context, scores: Value) -> Value:
    mask = ctx.input("attn_mask")
    if ctx.dtype("attn_mask") is not DType.BOOL:
        return ctx.node("Add", scores, mask)
    return ctx.node("Where", mask, scores, ctx.literal(-math.inf, ctx.dtype("query")))
