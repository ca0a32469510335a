"""The padding of `same` and `same_lower`, computed from their definition."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


def same_pads(sizes: Sequence[int], kernel: Sequence[int], strides: Sequence[int], pad_type: str) -> list[int]:
    """Return begin and end of each dimension, at least zero, so that a window begins for each stride."""
    pads = []
    for size, taps, stride in zip(sizes, kernel, strides, strict=True):
        total = max(0, (math.ceil(size / stride) - 1) * stride + taps - size)
        less = total // 2
        pads += [less, total - less] if pad_type == "same" else [total - less, less]
    return pads
