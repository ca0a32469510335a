"""Pooling (`pool.py` of coremltools)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pytest_coreml.reference.lowering.ops._windows import window
from pytest_coreml.reference.lowering.registry import lowers

if TYPE_CHECKING:
    from pytest_coreml.reference.graph import Value
    from pytest_coreml.reference.lowering.context import Context


@lowers("max_pool")
def max_pool(ctx: Context) -> Value:
    """Lower the maximum over a window."""
    return _pool(ctx, "MaxPool")


@lowers("avg_pool")
def avg_pool(ctx: Context) -> Value:
    """Lower the mean over a window; padding counts as zeros unless it is excluded."""
    return _pool(ctx, "AveragePool", zeros_count=not ctx.scalar("exclude_padding_from_average", False))


@lowers("l2_pool")
def l2_pool(ctx: Context) -> Value:
    """Lower the square root of the sum of squares over a window, with zeros as padding."""
    return _pool(ctx, "LpPool", p=2)


def _pool(ctx: Context, operator: str, *, zeros_count: bool = False, **more: Any) -> Value:
    kernel, ceil = ctx.ints("kernel_sizes"), bool(ctx.scalar("ceil_mode", False))
    x, attributes = window(ctx, kernel, zeros_count=zeros_count)
    # AveragePool has dilations in ONNX since opset 19, MIL's pools have none.
    del attributes["dilations"]
    pads = attributes.get("pads", [])
    if zeros_count and any(pads):
        attributes["count_include_pad"] = True
    if pads and not any(pads) and not ceil:
        # Said in words, or ONNX Runtime would join a padding of the program to the window: see `window`.
        del attributes["pads"]
        attributes["auto_pad"] = "VALID"
    return ctx.node(operator, x, kernel_shape=kernel, ceil_mode=ceil, **attributes, **more)
