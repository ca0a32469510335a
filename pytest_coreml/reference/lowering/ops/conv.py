"""Convolutions (`iOS15/conv.py`, `iOS17/conv.py` of coremltools)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pytest_coreml.reference.format.dtypes import DType
from pytest_coreml.reference.graph import NOTHING
from pytest_coreml.reference.lowering.ops._windows import halves, padding_type, spans, window
from pytest_coreml.reference.lowering.registry import lowers
from pytest_coreml.reference.lowering.shapes import dimensions, divided, not_negative, plus, times, vector

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_coreml.reference.graph import Value
    from pytest_coreml.reference.lowering.context import Context
    from pytest_coreml.reference.lowering.known import Dimension


@lowers("conv")
def conv(ctx: Context) -> Value:
    """Lower a convolution of one to three spatial dimensions; `weight` is [out, in / groups, *kernel] in both."""
    x, attributes = window(ctx, ctx.shape("weight")[2:])
    return ctx.node("Conv", x, ctx.input("weight"), ctx.optional("bias"), group=ctx.scalar("groups", 1), **attributes)


@lowers("conv_quantized")
def conv_quantized(ctx: Context) -> Value:
    """Lower a convolution whose weight is `weight * quant_scale + quant_bias`.

    coremltools defines it, but never writes it. Weights with a table (`lut`) are refused: no parameter holds the table.
    """
    if ctx.scalar("quantization_type") != "linear":
        ctx.refuse(f"with quantization_type {ctx.scalar('quantization_type')!r}")
    x, attributes = window(ctx, ctx.shape("weight")[2:])
    weight = ctx.node("Mul", ctx.cast(ctx.input("weight"), DType.FP32), _each_filter(ctx, "quant_scale"))
    weight = ctx.node("Add", weight, _each_filter(ctx, "quant_bias"))
    bias = ctx.cast(ctx.input("bias"), DType.FP32) if ctx.has("bias") else NOTHING
    return ctx.node("Conv", x, weight, bias, group=ctx.scalar("groups", 1), **attributes)


def _each_filter(ctx: Context, param: str) -> Value:
    """Return one number for all filters, or one for each, shaped to broadcast with the weight."""
    numbers = ctx.const(param).reshape(-1)
    return ctx.literal(numbers.reshape(-1, *[1] * (ctx.rank("weight") - 1)), DType.FP32)


@lowers("conv_transpose")
def conv_transpose(ctx: Context) -> Value:
    """Lower a transposed convolution; `weight` is [in, out / groups, *kernel] in both."""
    kernel = [size for size in ctx.shape("weight")[2:] if size is not None]
    if len(kernel) != ctx.rank("x") - 2:
        ctx.refuse("the size of the kernel is unknown")
    strides = ctx.ints("strides", [1] * len(kernel))
    dilations = ctx.ints("dilations", [1] * len(kernel))
    attributes = {"group": ctx.scalar("groups", 1), "strides": strides, "dilations": dilations}
    inputs = (ctx.input("x"), ctx.input("weight"), ctx.optional("bias"))
    if ctx.has("output_shape") and None in ctx.shape("x")[2:]:
        # As much more at the end as ONNX allows, of which `output_shape` is cut
        whole = ctx.node("ConvTranspose", *inputs, output_padding=[stride - 1 for stride in strides], **attributes)
        return _cut(ctx, whole, spans(kernel, dilations), strides)
    return ctx.node("ConvTranspose", *inputs, **attributes, **_crop(ctx, spans(kernel, dilations), strides))


def _cut(ctx: Context, whole: Value, reach: Sequence[int], strides: Sequence[int]) -> Value:
    """Cut `output_shape` out of a result of a size known only at run time; fail if the result is too small."""
    begins: list[Dimension] = []
    ends: list[Dimension] = []
    output_sizes = ctx.ints("output_shape")[2:]
    sizes = dimensions(ctx, ctx.input("x"), ctx.shape("x"))[2:]
    for axis, (size, span, stride, output_size) in enumerate(zip(sizes, reach, strides, output_sizes, strict=True)):
        full = plus(ctx, times(ctx, plus(ctx, size, -1), stride), span)
        begin = _begin(ctx, axis, not_negative(ctx, plus(ctx, full, -output_size)))
        begins.append(begin)
        ends.append(plus(ctx, begin, output_size))
    axes = ctx.int64(range(2, 2 + len(output_sizes)))
    cut = ctx.node("Slice", whole, vector(ctx, begins), vector(ctx, ends), axes)
    return ctx.node("Reshape", cut, ctx.int64([0, 0, *output_sizes]))


def _begin(ctx: Context, axis: int, total: Dimension) -> Dimension:
    """Return how much of *total* is cut off at the begin of a dimension."""
    if padding_type(ctx) == "custom":
        return _pads(ctx, axis)[0]
    return divided(ctx, plus(ctx, total, 1) if padding_type(ctx) == "same_lower" else total, 2)


def _pads(ctx: Context, axis: int) -> list[int]:
    return ctx.ints("pad", [0] * 2 * (ctx.rank("x") - 2))[2 * axis : 2 * axis + 2]


def _crop(ctx: Context, reach: Sequence[int], strides: Sequence[int]) -> dict[str, Any]:
    """Return what to cut off the full result at begin and end of each dimension; a negative end adds elements."""
    begins, ends = [], []
    for axis, total in enumerate(_cropped(ctx, reach, strides)):
        begin, end = _begin_and_end(ctx, axis, total)
        begins.append(begin)
        ends.append(end)
    added = [max(0, -end) for end in ends]
    return {"pads": [*begins, *(max(0, end) for end in ends)], "output_padding": added if any(added) else None}


def _cropped(ctx: Context, reach: Sequence[int], strides: Sequence[int]) -> list[int | None]:
    """Return by how much the full result `(size - 1) * stride + reach` is longer than the output.

    None where the padding alone decides.
    """
    if ctx.has("output_shape"):
        sizes, output_sizes = ctx.shape("x")[2:], ctx.ints("output_shape")[2:]
        return [
            ((size or 0) - 1) * stride + span - output_size
            for size, stride, span, output_size in zip(sizes, strides, reach, output_sizes, strict=True)
        ]
    if padding_type(ctx) == "same":
        return [span - stride for span, stride in zip(reach, strides, strict=True)]
    return [None] * len(reach)


def _begin_and_end(ctx: Context, axis: int, total: int | None) -> tuple[int, int]:
    pad_type = padding_type(ctx)
    if pad_type == "custom":
        begin, end = _pads(ctx, axis)
        return begin, end if total is None else total - begin
    if total is None:
        return 0, 0
    begin = halves(max(0, total), pad_type)[0]
    return begin, total - begin
