"""Pooling of images and volumes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from pytest_coreml.reference.networks.layer_registry import lowers
from pytest_coreml.reference.networks.layers._layer_windows import (
    Kernel,
    edges3d,
    kernel3d,
    onnx_pads,
    two,
    window_edges,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_coreml.reference.networks.layer_context import LayerContext
    from pytest_coreml.reference.networks.tensors import Blob, Tensor

_KINDS: Final = {"MAX": "MaxPool", "AVERAGE": "AveragePool", "L2": "LpPool"}


@lowers("pooling")
def pooling(ctx: LayerContext) -> Blob:
    """Lower the largest, the mean or the root of the sum of squares of each window."""
    params = ctx.params
    op_type = _KINDS[params.PoolingType.Name(params.type)]
    extra: dict[str, Any] = {"p": 2} if op_type == "LpPool" else {}
    image = ctx.image()
    if params.globalPooling:
        return ctx.from_image(ctx.node(f"Global{op_type}", image, **extra))
    kernel = Kernel(two(params.kernelSize, 3), two(params.stride, 1), [1, 1])
    if op_type == "AveragePool":
        extra["count_include_pad"] = int(not params.avgPoolExcludePadding)
    if params.WhichOneof("PoolingPaddingType") == "includeLastPixel":
        edges = _edges_with_last_pixel(ctx, ctx.static(image)[2:], kernel)
    else:
        edges = window_edges(ctx, "PoolingPaddingType", image.shape[2:], kernel)
    return ctx.from_image(_pooled(ctx, op_type, image, kernel, pads=onnx_pads(edges), **extra))


def _pooled(ctx: LayerContext, op_type: str, x: Tensor, kernel: Kernel, **attributes: Any) -> Tensor:
    return ctx.node(op_type, x, kernel_shape=list(kernel.size), strides=list(kernel.strides), **attributes)


def _edges_with_last_pixel(ctx: LayerContext, sizes: Sequence[int], kernel: Kernel) -> list[tuple[int, int]]:
    """Return padding that adds a window where the last one does not reach the end, unless it would begin behind it."""
    edges = []
    padding = two(ctx.params.includeLastPixel.paddingAmounts, 0)
    for size, reach, stride, pad in zip(sizes, kernel.size, kernel.strides, padding, strict=True):
        count = -(-(size + 2 * pad - reach) // stride) + 1
        if pad and (count - 1) * stride >= size + pad:
            count -= 1
        # No end of ONNX's may be negative: such a row is one that no window reaches.
        edges.append((pad, max(0, (count - 1) * stride + reach - size - pad)))
    return edges


@lowers("pooling3d")
def pooling3d(ctx: LayerContext) -> Tensor:
    """Lower the largest or the mean of each window of volumes."""
    params = ctx.params
    x = ctx.x()
    kernel = kernel3d(params, is_dilated=False)
    pads = onnx_pads(edges3d(params, ctx.static(x)[2:], kernel))
    if params.type == params.MAX:
        return _pooled(ctx, "MaxPool", x, kernel, pads=pads)
    return _pooled(ctx, "AveragePool", x, kernel, pads=pads, count_include_pad=int(not params.countExcludePadding))


@lowers("globalPooling3d")
def global_pooling3d(ctx: LayerContext) -> Tensor:
    """Lower the largest or the mean of a volume."""
    return ctx.node("GlobalMaxPool" if ctx.params.type == ctx.params.MAX else "GlobalAveragePool", ctx.x())
