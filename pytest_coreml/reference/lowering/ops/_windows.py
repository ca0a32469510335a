"""Strides, dilations and padding of operations that move a window over spatial dimensions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from pytest_coreml.reference.graph import NOTHING
from pytest_coreml.reference.lowering.shapes import (
    dimension,
    dimensions,
    divided,
    minus,
    not_negative,
    plus,
    times,
    vector,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_coreml.reference.graph import Value
    from pytest_coreml.reference.lowering.context import Context
    from pytest_coreml.reference.lowering.known import Dimension

_AUTO_PAD: Final = {"valid": "VALID", "same": "SAME_UPPER", "same_lower": "SAME_LOWER"}


def window(ctx: Context, kernel: Sequence[int | None], *, zeros_count: bool = False) -> tuple[Value, dict[str, Any]]:
    """Return `x`, and `strides`, `dilations` and padding as ONNX attributes, for a window of this size.

    *zeros_count*: padding counts as zeros in a mean. If ONNX Runtime would pad incorrectly, `x` is padded explicitly.
    If the padding would be negative, the part of `x` that no window reaches is cut off.
    """
    strides = ctx.ints("strides", [1] * len(kernel))
    dilations = ctx.ints("dilations", [1] * len(kernel))
    attributes = {"strides": strides, "dilations": dilations, **_padding(ctx, kernel, strides, dilations)}
    # ONNX Runtime computes padding for an unknown size only without dilations.
    left_to_it = attributes.get("auto_pad", "VALID") != "VALID"
    # Before 1.24, a mean over several dimensions takes the wrong one's padding for the end.
    uneven = left_to_it or len(set(attributes.get("pads", ()))) > 1
    if (left_to_it and any(dilation > 1 for dilation in dilations)) or (zeros_count and uneven):
        return _padded(ctx, kernel, attributes)
    return _reached(ctx, kernel, strides) if left_to_it else ctx.input("x"), attributes


def padding_type(ctx: Context) -> str:
    """Return the name of the padding; refuse an unknown one."""
    pad_type = str(ctx.scalar("pad_type", "valid")).lower()
    if pad_type != "custom" and pad_type not in _AUTO_PAD:
        ctx.refuse(f"unknown pad_type {pad_type!r}")
    return pad_type


def spans(kernel: Sequence[int], dilations: Sequence[int]) -> list[int]:
    """Return the extent of a dilated window along each dimension."""
    return [(size - 1) * dilation + 1 for size, dilation in zip(kernel, dilations, strict=True)]


def halves(total: int, pad_type: str) -> list[int]:
    """Split padding between begin and end; an odd element goes to the end, or to the begin for `same_lower`."""
    less, more = total // 2, total - total // 2
    return [more, less] if pad_type == "same_lower" else [less, more]


def onnx_pads(pads: list[int]) -> list[int]:
    """Turn MIL's begin and end of each dimension into ONNX's begins, then ends."""
    return [*pads[0::2], *pads[1::2]]


def _padding(
    ctx: Context, kernel: Sequence[int | None], strides: Sequence[int], dilations: Sequence[int]
) -> dict[str, Any]:
    pad_type = padding_type(ctx)
    if pad_type == "custom":
        return {"pads": onnx_pads(ctx.ints("pad", [0] * 2 * len(kernel)))}
    known = [size for size in kernel if size is not None]
    if pad_type != "valid" and len(known) == len(kernel):
        totals = [
            _same_total(size, span, stride)
            for size, span, stride in zip(ctx.shape("x")[2:], spans(known, dilations), strides, strict=True)
        ]
        if None not in totals:
            return {"pads": onnx_pads([pad for total in totals for pad in halves(total or 0, pad_type)])}
    return {"auto_pad": _AUTO_PAD[pad_type]}


def _same_total(size: int | None, span: int, stride: int) -> int | None:
    """Return the padding that makes the output size `ceil(size / stride)`, or None if the input size is unknown."""
    # Of one element, none is ever needed: each window begins inside.
    if stride == 1 or span == 1:
        return span - 1
    return None if size is None else max(0, (-(-size // stride) - 1) * stride + span - size)


def _padded(ctx: Context, kernel: Sequence[int | None], attributes: dict[str, Any]) -> tuple[Value, dict[str, Any]]:
    """Return `x` padded with zeros, and the attributes of a window without padding."""
    x, count = ctx.input("x"), len(kernel)
    pads = (_pads_that_count if "pads" in attributes else _pads_of_unknown_size)(ctx, x, kernel, attributes)
    # With axes of its own: ONNX Runtime would join the padding to the mean again.
    x = ctx.node("Pad", x, vector(ctx, pads), NOTHING, ctx.int64(range(2, 2 + count)))
    return x, {"strides": attributes["strides"], "dilations": attributes["dilations"], "pads": [0] * 2 * count}


def _pads_of_unknown_size(
    ctx: Context, x: Value, kernel: Sequence[int | None], attributes: dict[str, Any]
) -> list[Dimension]:
    pads: list[tuple[Dimension, Dimension]] = []
    sizes = dimensions(ctx, x, ctx.shape("x"))[2:]
    for axis, (size, stride, dilation) in enumerate(
        zip(sizes, attributes["strides"], attributes["dilations"], strict=True)
    ):
        span = plus(ctx, times(ctx, plus(ctx, _taps(ctx, kernel, axis), -1), dilation), 1)
        last = times(ctx, plus(ctx, _count(ctx, size, stride), -1), stride)
        total = not_negative(ctx, minus(ctx, last, minus(ctx, size, span)))
        less = divided(ctx, total, 2)
        more = minus(ctx, total, less)
        pads.append((more, less) if padding_type(ctx) == "same_lower" else (less, more))
    return [*(begin for begin, _ in pads), *(end for _, end in pads)]


def _pads_that_count(
    ctx: Context, x: Value, kernel: Sequence[int | None], attributes: dict[str, Any]
) -> list[Dimension]:
    """Return the declared padding, shortened at the end to what windows reach that begin before it.

    Where the number of windows is rounded up, another window could begin inside the padding, and must not count. On an
    input that is already padded, ONNX Runtime cannot distinguish that window from others.
    """
    begins, ends = attributes["pads"][: len(kernel)], attributes["pads"][len(kernel) :]
    reached: list[Dimension] = list(ends)
    for axis, (begin, end, stride) in enumerate(zip(begins, ends, attributes["strides"], strict=True)):
        if end and ctx.scalar("ceil_mode", False):
            inside = plus(ctx, dimension(ctx, x, ctx.shape("x"), 2 + axis), begin)
            last = times(ctx, plus(ctx, _count(ctx, inside, stride), -1), stride)
            behind = minus(ctx, minus(ctx, plus(ctx, inside, end), last), _taps(ctx, kernel, axis))
            reached[axis] = minus(ctx, end, not_negative(ctx, behind))
    return [*begins, *reached]


def _reached(ctx: Context, kernel: Sequence[int | None], strides: Sequence[int]) -> Value:
    """Return `x` without the elements after the last window, which exist where windows leave gaps.

    With its own padding, ONNX Runtime would compute a negative padding for them, and shift the windows or fail.
    """
    x = ctx.input("x")
    ends: dict[int, Dimension] = {}
    for axis, (taps, stride) in enumerate(zip(kernel, strides, strict=True)):
        if (taps or 1) < stride:
            count = _count(ctx, dimension(ctx, x, ctx.shape("x"), 2 + axis), stride)
            between = minus(ctx, stride, _taps(ctx, kernel, axis))
            ends[2 + axis] = minus(ctx, times(ctx, count, stride), between)
    if not ends:
        return x
    # A slice stops where the input ends.
    return ctx.node("Slice", x, ctx.int64([0] * len(ends)), vector(ctx, [*ends.values()]), ctx.int64([*ends]))


def _count(ctx: Context, size: Dimension, stride: int) -> Dimension:
    """Return the number of windows of `same` padding: one for each stride that begins inside."""
    return divided(ctx, plus(ctx, size, stride - 1), stride)


def _taps(ctx: Context, kernel: Sequence[int | None], axis: int) -> Dimension:
    """Return the size of the kernel; only for the weight of a convolution can it be unknown before the model runs."""
    known = kernel[axis]
    return dimension(ctx, ctx.input("weight"), ctx.shape("weight"), 2 + axis) if known is None else known
