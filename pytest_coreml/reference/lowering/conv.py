"""Convolutions (`iOS15/conv.py`, `iOS17/conv.py` of coremltools)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pytest_coreml.reference.lowering.registry import lowers
from pytest_coreml.reference.lowering.windows import halves, padding_type, spans, window

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_coreml.reference.graph import Value
    from pytest_coreml.reference.lowering.context import Context


@lowers("conv")
def conv(ctx: Context) -> Value:
    """Lower a convolution of one to three spatial dimensions; `weight` is [out, in / groups, *kernel] in both."""
    x, attributes = window(ctx, ctx.shape("weight")[2:])
    return ctx.node("Conv", x, ctx.input("weight"), ctx.optional("bias"), group=ctx.scalar("groups", 1), **attributes)


@lowers("conv_transpose")
def conv_transpose(ctx: Context) -> Value:
    """Lower a transposed convolution; `weight` is [in, out / groups, *kernel] in both."""
    kernel = [size for size in ctx.shape("weight")[2:] if size is not None]
    if len(kernel) != ctx.rank("x") - 2:
        ctx.refuse("the size of the kernel is unknown")
    strides = ctx.ints("strides", [1] * len(kernel))
    dilations = ctx.ints("dilations", [1] * len(kernel))
    inputs = (ctx.input("x"), ctx.input("weight"), ctx.optional("bias"))
    attributes = _crop(ctx, spans(kernel, dilations), strides)
    return ctx.node(
        "ConvTranspose",
        *inputs,
        group=ctx.scalar("groups", 1),
        strides=strides,
        dilations=dilations,
        **attributes,
    )


def _crop(ctx: Context, reach: Sequence[int], strides: Sequence[int]) -> dict[str, Any]:
    """Say what is cut off the full result at begin and end of each dimension; less than nothing is added at the end."""
    begins, ends = [], []
    for axis, total in enumerate(_cropped(ctx, reach, strides)):
        begin, end = _begin_and_end(ctx, axis, total)
        begins.append(begin)
        ends.append(end)
    added = [max(0, -end) for end in ends]
    return {"pads": [*begins, *(max(0, end) for end in ends)], "output_padding": added if any(added) else None}


def _cropped(ctx: Context, reach: Sequence[int], strides: Sequence[int]) -> list[int | None]:
    """Give by how much the full result `(size - 1) * stride + reach` is longer than what is wanted.

    None where only the padding decides.
    """
    if ctx.has("output_shape"):
        sizes, wanted = ctx.shape("x")[2:], ctx.ints("output_shape")[2:]
        if None in sizes:
            ctx.refuse("`output_shape` for an input of unknown size")
        return [
            ((size or 0) - 1) * stride + span - want
            for size, stride, span, want in zip(sizes, strides, reach, wanted, strict=True)
        ]
    if padding_type(ctx) == "same":
        return [span - stride for span, stride in zip(reach, strides, strict=True)]
    return [None] * len(reach)


def _begin_and_end(ctx: Context, axis: int, total: int | None) -> tuple[int, int]:
    pad_type = padding_type(ctx)
    if pad_type == "custom":
        begin, end = ctx.ints("pad", [0] * 2 * (ctx.rank("x") - 2))[2 * axis : 2 * axis + 2]
        return begin, end if total is None else total - begin
    if total is None:
        return 0, 0
    begin = halves(max(0, total), pad_type)[0]
    return begin, total - begin
