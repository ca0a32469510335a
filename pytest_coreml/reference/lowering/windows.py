"""Strides, dilations and paddings of operations that move a window over spatial dimensions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from pytest_coreml.reference.lowering.context import Context

_AUTO_PAD: Final = {"valid": "VALID", "same": "SAME_UPPER", "same_lower": "SAME_LOWER"}


def window_attributes(ctx: Context, spatial: int) -> dict[str, Any]:
    """Give `strides`, `dilations` and padding as attributes of ONNX, for this many spatial dimensions."""
    attributes: dict[str, Any] = {
        "strides": ctx.ints("strides", [1] * spatial),
        "dilations": ctx.ints("dilations", [1] * spatial),
    }
    pad_type = str(ctx.scalar("pad_type", "valid")).lower()
    if pad_type == "custom":
        attributes["pads"] = onnx_pads(ctx.ints("pad", [0] * 2 * spatial))
    elif pad_type in _AUTO_PAD:
        attributes["auto_pad"] = _AUTO_PAD[pad_type]
    else:
        ctx.refuse(f"unknown pad_type {pad_type!r}")
    return attributes


def onnx_pads(pads: list[int]) -> list[int]:
    """Turn MIL's begin and end of each dimension into ONNX's begins, then ends."""
    return [*pads[0::2], *pads[1::2]]
