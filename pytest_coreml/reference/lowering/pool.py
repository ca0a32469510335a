"""Pooling (`pool.py` of coremltools)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pytest_coreml.reference.lowering.registry import lowers
from pytest_coreml.reference.lowering.windows import window_attributes

if TYPE_CHECKING:
    from pytest_coreml.reference.graph import Value
    from pytest_coreml.reference.lowering.context import Context


@lowers("max_pool")
def max_pool(ctx: Context) -> Value:
    """Lower the maximum over a window."""
    return ctx.node("MaxPool", ctx.input("x"), **_pool_attributes(ctx))


@lowers("avg_pool")
def avg_pool(ctx: Context) -> Value:
    """Lower the mean over a window, in which padding counts as zeros unless it is excluded."""
    counted = not ctx.scalar("exclude_padding_from_average", False)
    return ctx.node("AveragePool", ctx.input("x"), count_include_pad=counted, **_pool_attributes(ctx))


@lowers("l2_pool")
def l2_pool(ctx: Context) -> Value:
    """Lower the square root of the sum of squares over a window, padding being zeros."""
    return ctx.node("LpPool", ctx.input("x"), p=2, **_pool_attributes(ctx))


def _pool_attributes(ctx: Context) -> dict[str, Any]:
    kernel = ctx.ints("kernel_sizes")
    attributes = window_attributes(ctx, kernel)
    # AveragePool has dilations in ONNX since opset 19, MIL's pools have none.
    del attributes["dilations"]
    return {"kernel_shape": kernel, "ceil_mode": bool(ctx.scalar("ceil_mode", False)), **attributes}
