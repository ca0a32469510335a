"""The positions of kernels: padding by amounts or so that the size stays."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_coreml.reference.networks.layer_context import LayerContext


def pairs(borders: Any, count: int = 2) -> list[tuple[int, int]]:
    """Return start and end of each axis of `BorderAmounts`; none at all are zeros."""
    edges = [(int(edge.startEdgeSize), int(edge.endEdgeSize)) for edge in borders.borderAmounts]
    return edges or [(0, 0)] * count


def onnx_pads(edges: Sequence[tuple[int, int]]) -> list[int]:
    """Return all starts, then all ends."""
    return [start for start, _ in edges] + [end for _, end in edges]


def two(numbers: Sequence[int], default: int) -> list[int]:
    """Return the numbers of height and width."""
    return [int(number) for number in numbers] or [default, default]


@dataclass(frozen=True)
class Kernel:
    """A kernel on an image: its sizes, how far it moves, and how far its elements lie apart."""

    size: Sequence[int]
    strides: Sequence[int]
    dilations: Sequence[int]

    @property
    def extent(self) -> list[int]:
        """Its extent, dilation included."""
        return [(size - 1) * dilation + 1 for size, dilation in zip(self.size, self.dilations, strict=True)]


def same_edges(sizes: Sequence[int], kernel: Kernel, *, top_left: bool) -> list[tuple[int, int]]:
    """Return the padding by which an axis gets its size divided by the stride, rounded up.

    *top_left*: an odd row goes to the start.
    """
    edges = []
    for size, extent, stride in zip(sizes, kernel.extent, kernel.strides, strict=True):
        total = max(0, (-(-size // stride) - 1) * stride + extent - size)
        start = -(-total // 2) if top_left else total // 2
        edges.append((start, total - start))
    return edges


def window_edges(ctx: LayerContext, padding: str, sizes: Sequence[int | None], kernel: Kernel) -> list[tuple[int, int]]:
    """Return the padding of a layer that has `valid` and `same` in the choice named *padding*."""
    params = ctx.params
    if params.WhichOneof(padding) != "same":
        return pairs(params.valid.paddingAmounts)
    known = [size for size in sizes if size is not None]
    if len(known) != len(sizes):
        ctx.refuse("same padding of an input of unknown size")
    return same_edges(known, kernel, top_left=params.same.asymmetryMode == params.same.TOP_LEFT_HEAVY)


def edges3d(params: Any, sizes: Sequence[int], kernel: Kernel) -> list[tuple[int, int]]:
    """Return the padding of a layer of volumes."""
    if params.paddingType == params.SAME:
        return same_edges(sizes, kernel, top_left=False)
    if params.paddingType == params.VALID:
        return [(0, 0)] * 3
    ends = (("Front", "Back"), ("Top", "Bottom"), ("Left", "Right"))
    return [(getattr(params, f"customPadding{a}"), getattr(params, f"customPadding{b}")) for a, b in ends]


def kernel3d(params: Any, *, is_dilated: bool) -> Kernel:
    """Return the kernel of a layer of volumes."""
    kinds = ("kernel", "stride", "dilation")[: 3 if is_dilated else 2]
    size, strides, *dilations = (
        [int(getattr(params, f"{kind}{axis}")) or 1 for axis in ("Depth", "Height", "Width")] for kind in kinds
    )
    return Kernel(size, strides, dilations[0] if dilations else [1, 1, 1])
