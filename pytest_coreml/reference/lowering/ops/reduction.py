"""Reductions (`reduction.py` of coremltools)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from pytest_coreml.reference.format.dtypes import DType
from pytest_coreml.reference.lowering.registry import lowers

if TYPE_CHECKING:
    from pytest_coreml.reference.graph import Value
    from pytest_coreml.reference.lowering.context import Context

_REDUCTIONS: Final = {
    "reduce_l1_norm": "ReduceL1",
    "reduce_l2_norm": "ReduceL2",
    "reduce_log_sum": "ReduceLogSum",
    "reduce_max": "ReduceMax",
    "reduce_mean": "ReduceMean",
    "reduce_min": "ReduceMin",
    "reduce_prod": "ReduceProd",
    "reduce_sum": "ReduceSum",
    "reduce_sum_square": "ReduceSumSquare",
}


@lowers(*_REDUCTIONS, "reduce_log_sum_exp")
def reduce(ctx: Context) -> Value:
    """Lower a reduction over axes, all by default; a mean over an image becomes GlobalAveragePool."""
    rank = ctx.rank("x")
    axes, keep = sorted(ctx.axes("axes", rank, range(rank))), bool(ctx.scalar("keep_dims", False))
    if ctx.op.type == "reduce_log_sum_exp":
        return _log_sum_exp(ctx, axes, keep)
    if ctx.op.type == "reduce_mean" and keep and rank > 2 and axes == list(range(2, rank)) and _is_image(ctx):
        return ctx.node("GlobalAveragePool", ctx.input("x"))
    if not axes:
        # Of ONNX, no axes are all axes; of MIL and numpy each number is reduced alone
        alone = ctx.node("Unsqueeze", ctx.input("x"), ctx.int64([rank]))
        return ctx.node(_REDUCTIONS[ctx.op.type], alone, ctx.int64([rank]), keepdims=False)
    if ctx.op.type == "reduce_mean" and ctx.dtype("x").is_float and not all(ctx.shape("x")[axis] for axis in axes):
        return _mean_of_any_number(ctx, axes, keep)
    return ctx.node(_REDUCTIONS[ctx.op.type], ctx.input("x"), ctx.int64(axes), keepdims=keep)


def _is_image(ctx: Context) -> bool:
    # A pooling takes floating-point numbers, of which there are some
    return ctx.dtype("x").is_float and 0 not in ctx.shape("x")[1:]


def _log_sum_exp(ctx: Context, axes: list[int], keep: bool) -> Value:
    # ONNX Runtime's own takes 0 for the largest number of a row that begins with -inf, and cuts each of whole numbers
    declared = ctx.output_type().dtype
    x = ctx.input("x") if declared.is_float else ctx.cast(ctx.input("x"), DType.FP64)
    # Of no axes each number is reduced alone, to itself
    most = ctx.node("ReduceMax", x, ctx.int64(axes), keepdims=True) if axes else x
    zero = ctx.literal(0, DType.FP32 if declared.is_float else DType.FP64)
    most = ctx.node("Where", ctx.node("IsInf", most), zero, most)
    powers = ctx.node("Exp", ctx.node("Sub", x, most))
    total = ctx.node("ReduceSum", powers, ctx.int64(axes), keepdims=keep, noop_with_empty_axes=True)
    if axes and not keep:
        most = ctx.node("Squeeze", most, ctx.int64(axes))
    result = ctx.node("Add", ctx.node("Log", total), most)
    return result if declared.is_float else ctx.cast(result, declared)


def _mean_of_any_number(ctx: Context, axes: list[int], keep: bool) -> Value:
    # The mean of no elements is NaN; ONNX Runtime's ReduceMean returns 0
    x, where = ctx.input("x"), ctx.int64(axes)
    lengths = ctx.node("Gather", ctx.node("Shape", x), where)
    count = ctx.cast(ctx.node("ReduceProd", lengths, keepdims=False), ctx.dtype("x"))
    return ctx.node("Div", ctx.node("ReduceSum", x, where, keepdims=keep), count)


@lowers("reduce_argmax", "reduce_argmin")
def arg_reduce(ctx: Context) -> Value:
    """Lower the position of the largest or smallest number along an axis."""
    op_type = "ArgMax" if ctx.op.type == "reduce_argmax" else "ArgMin"
    axis, keep = ctx.axis("axis", ctx.rank("x"), -1), bool(ctx.scalar("keep_dims", False))
    return ctx.cast(ctx.node(op_type, ctx.input("x"), axis=axis, keepdims=keep), ctx.output_type().dtype)
