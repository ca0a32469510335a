"""Quantized activations (`quantization_ops.py` of coremltools)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from pytest_coreml.reference.lowering.registry import lowers

if TYPE_CHECKING:
    from pytest_coreml.reference.format.dtypes import DType
    from pytest_coreml.reference.graph import Value
    from pytest_coreml.reference.lowering.context import Context


@lowers("quantize")
def quantize(ctx: Context) -> Value:
    """Lower `clip(round(input / scale) + zero_point)`; halves round to even, in ONNX too."""
    dtype = ctx.output_type().dtype
    zero_point = _zero_point(ctx, dtype)
    return ctx.node("QuantizeLinear", ctx.input("input"), ctx.input("scale"), zero_point, axis=_axis(ctx))


@lowers("dequantize")
def dequantize(ctx: Context) -> Value:
    """Lower `scale * (input - zero_point)`."""
    zero_point = _zero_point(ctx, ctx.dtype("input"))
    return ctx.node("DequantizeLinear", ctx.input("input"), ctx.input("scale"), zero_point, axis=_axis(ctx))


def _zero_point(ctx: Context, dtype: DType) -> Value:
    if ctx.has("zero_point"):
        return ctx.input("zero_point")
    return ctx.literal(np.zeros(ctx.const("scale").shape), dtype)


def _axis(ctx: Context) -> int | None:
    """Return the axis of a scale per channel; a single scale has none."""
    return ctx.axis("axis", ctx.rank("input")) if ctx.rank("scale") == 1 else None
