"""Gives the padding that `same` and `same_lower` stand for, from their definition."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


def same_pads(sizes: Sequence[int], kernel: Sequence[int], strides: Sequence[int], pad_type: str) -> list[int]:
    """Give begin and end of each dimension in turn, so that a window begins for each stride; none is less than zero."""
    pads = []
    for size, taps, stride in zip(sizes, kernel, strides, strict=True):
        total = max(0, (math.ceil(size / stride) - 1) * stride + taps - size)
        less = total // 2
        pads += [less, total - less] if pad_type == "same" else [total - less, less]
    return pads
