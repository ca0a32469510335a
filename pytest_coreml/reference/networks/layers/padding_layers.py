"""Rows and columns around blobs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_coreml.reference.errors import BadModelError
from pytest_coreml.reference.networks.layer_registry import lowers
from pytest_coreml.reference.networks.layers._layer_windows import onnx_pads, pairs

if TYPE_CHECKING:
    from pytest_coreml.reference.networks.layer_context import LayerContext
    from pytest_coreml.reference.networks.tensors import Blob, Tensor


@lowers("padding")
def padding(ctx: LayerContext) -> Blob:
    """Lower a number, a reflection or a repetition around an image."""
    params = ctx.params
    kind = params.WhichOneof("PaddingType") or "constant"
    mode = {"constant": "constant", "reflection": "reflect", "replication": "edge"}[kind]
    value = ctx.number(params.constant.value) if kind == "constant" else None

    def padded(x: Tensor) -> Tensor:
        edges = [*[(0, 0)] * (x.rank - 2), *pairs(params.paddingAmounts)]
        return ctx.node("Pad", x, ctx.int64(onnx_pads(edges)), value, mode=mode)

    return ctx.map(padded)


@lowers("constantPad")
def constant_pad(ctx: LayerContext) -> Tensor:
    """Lower a number around a blob, by amounts or up to sizes."""
    params = ctx.params
    x = ctx.x()
    if ctx.count > 1:
        amounts = ctx.integers(ctx.x(1))
        if params.padToGivenOutputSizeMode:
            sizes = ctx.node("Reshape", ctx.vector(ctx.sizes(x)), ctx.int64([-1, 1]))
            pairs_ = ctx.reshape(amounts, [None, 2])
            missing = ctx.node("Max", ctx.node("Sub", pairs_, sizes), ctx.int64(0))
            amounts = ctx.row(ctx.node("Where", ctx.node("Greater", pairs_, ctx.int64(0)), missing, ctx.int64(0)))
        turned = ctx.row(ctx.node("Transpose", ctx.reshape(amounts, [None, 2]), perm=[1, 0]))
        return ctx.node("Pad", x, turned, ctx.number(params.value))
    numbers = [int(amount) for amount in params.padAmounts]
    if len(numbers) != 2 * x.rank:
        raise BadModelError(f"has {len(numbers)} pad amounts for an input of rank {x.rank}")
    if params.padToGivenOutputSizeMode:
        sizes_ = ctx.static(x)
        numbers = [max(0, number - sizes_[index // 2]) if number else 0 for index, number in enumerate(numbers)]
    return ctx.node("Pad", x, ctx.int64(numbers[::2] + numbers[1::2]), ctx.number(params.value))
