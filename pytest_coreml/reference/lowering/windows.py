"""Strides, dilations and paddings of operations that move a window over spatial dimensions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_coreml.reference.lowering.context import Context

_AUTO_PAD: Final = {"valid": "VALID", "same": "SAME_UPPER", "same_lower": "SAME_LOWER"}


def window_attributes(ctx: Context, kernel: Sequence[int | None]) -> dict[str, Any]:
    """Give `strides`, `dilations` and padding as attributes of ONNX, for a window of this size."""
    strides = ctx.ints("strides", [1] * len(kernel))
    dilations = ctx.ints("dilations", [1] * len(kernel))
    padding = _padding(ctx, kernel, strides, dilations)
    return {"strides": strides, "dilations": dilations, **padding}


def padding_type(ctx: Context) -> str:
    """Give the name of the padding; refuse one that is not known."""
    pad_type = str(ctx.scalar("pad_type", "valid")).lower()
    if pad_type != "custom" and pad_type not in _AUTO_PAD:
        ctx.refuse(f"unknown pad_type {pad_type!r}")
    return pad_type


def spans(kernel: Sequence[int], dilations: Sequence[int]) -> list[int]:
    """Give how far a dilated window reaches along each dimension."""
    return [(size - 1) * dilation + 1 for size, dilation in zip(kernel, dilations, strict=True)]


def halves(total: int, pad_type: str) -> list[int]:
    """Share padding between begin and end; the odd one goes to the end, to the begin for `same_lower`."""
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
    if pad_type != "valid" and any(dilation > 1 for dilation in dilations):
        # ONNX Runtime pads by itself only where there are no dilations
        ctx.refuse(f"pad_type {pad_type!r} with dilations and strides over an unknown size")
    return {"auto_pad": _AUTO_PAD[pad_type]}


def _same_total(size: int | None, span: int, stride: int) -> int | None:
    """Give the padding that makes the output `ceil(size / stride)`, or None while the size is unknown."""
    if stride == 1:
        return span - 1
    return None if size is None else max(0, (-(-size // stride) - 1) * stride + span - size)
