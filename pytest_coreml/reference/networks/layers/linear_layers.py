"""Products with matrices, and look-ups in them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from pytest_coreml.reference.errors import BadModelError
from pytest_coreml.reference.format.dtypes import DType
from pytest_coreml.reference.networks.layer_registry import lowers

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_coreml.reference.networks.layer_context import LayerContext
    from pytest_coreml.reference.networks.tensors import Blob, Tensor

_LARGEST_INT8: Final = 127.0


@lowers("innerProduct")
def inner_product(ctx: LayerContext) -> Tensor | Blob:
    """Lower a product with a matrix [out, in]: of the last axis, or of channels, height and width as one."""
    params = ctx.params
    blob, sizes = ctx.blob(), [params.outputChannels, params.inputChannels]
    bias = ctx.weights(params.bias, sizes[:1], "the bias") if params.hasBias else None
    if blob.rank <= 3:
        x = ctx.whole(blob)
        rows = ctx.reshape(x, [None, params.inputChannels]) if x.rank != 2 else x
        return ctx.reshape(_product(ctx, rows, sizes, bias), [*ctx.sizes(x)[:-1], params.outputChannels])
    image = ctx.as_image(blob)
    rows = ctx.reshape(image, [ctx.sizes(image)[0], params.inputChannels])
    products = _product(ctx, rows, sizes, bias)
    return ctx.from_image(ctx.reshape(products, [*ctx.sizes(products), 1, 1]))


def _product(ctx: LayerContext, rows: Tensor, sizes: Sequence[int], bias: Tensor | None) -> Tensor:
    if ctx.params.int8DynamicQuantize:
        return _quantized_product(ctx, rows, ctx.weights(ctx.params.weights, sizes), bias)
    return ctx.node("Gemm", rows, ctx.weights(ctx.params.weights, sizes), bias, transB=1)


def _quantized_product(ctx: LayerContext, rows: Tensor, weights: Tensor, bias: Tensor | None) -> Tensor:
    """Round the input to 255 steps of its largest magnitude first."""
    peak = ctx.node("ReduceMax", ctx.node("Abs", rows), keepdims=0)
    step = ctx.node("Div", peak, ctx.number(_LARGEST_INT8))
    is_zero = ctx.node("Equal", step, ctx.number(0))
    steps = ctx.node("Round", ctx.node("Div", rows, ctx.node("Where", is_zero, ctx.number(1), step)))
    return ctx.node("Gemm", ctx.node("Mul", steps, step), weights, bias, transB=1)


@lowers("batchedMatmul")
def batched_matmul(ctx: LayerContext) -> Tensor:
    """Lower a product of two blobs, or of one with a matrix that is stored column by column."""
    params = ctx.params
    x = ctx.x()
    if ctx.count == 1:
        inner, outer = params.weightMatrixFirstDimension, params.weightMatrixSecondDimension
        bias = ctx.weights(params.bias, [outer], "the bias") if params.hasBias else None
        products = _product(ctx, ctx.reshape(x, [None, inner]), [outer, inner], bias)
        return ctx.reshape(products, [*ctx.sizes(x)[:-1], outer])
    y = ctx.x(1)
    x = ctx.unsqueeze(x, 0) if x.rank == 1 else x
    y = ctx.unsqueeze(y, 1) if y.rank == 1 else y
    return ctx.node("MatMul", _turned(ctx, x, params.transposeA), _turned(ctx, y, params.transposeB))


def _turned(ctx: LayerContext, x: Tensor, is_transposed: bool) -> Tensor:
    if not is_transposed:
        return x
    axes = list(range(x.rank))
    return ctx.transpose(x, *axes[:-2], axes[-1], axes[-2])


@lowers("embedding")
def embedding(ctx: LayerContext) -> Blob:
    """Lower a look-up of the rows of a matrix, which is stored [out, in]; they become channels."""
    params = ctx.params
    blob = ctx.blob()
    if blob.rank < 4:
        raise BadModelError(f"has an input of rank {blob.rank}, expected 4 or 5")
    rows = _looked_up(ctx, ctx.row(ctx.as_image(blob)), params.inputDim, params.outputChannels)
    return ctx.from_image(ctx.reshape(rows, [*ctx.sizes(rows), 1, 1]))


@lowers("embeddingND")
def embedding_nd(ctx: LayerContext) -> Tensor:
    """Lower a look-up of the rows of a matrix, which is stored [out, in]; they replace the last axis."""
    x = ctx.x()
    indices = ctx.squeeze(x, -1) if x.shape[-1] == 1 else x
    return _looked_up(ctx, indices, ctx.params.vocabSize, ctx.params.embeddingSize)


def _looked_up(ctx: LayerContext, indices: Tensor, count: int, size: int) -> Tensor:
    params: Any = ctx.params
    table = np.ascontiguousarray(ctx.decode(params.weights, [size, count]).T)
    rows = ctx.node("Gather", ctx.constant(table), ctx.integers(indices, DType.INT64), axis=0)
    return ctx.node("Add", rows, ctx.weights(params.bias, [size], "the bias")) if params.hasBias else rows


@lowers("dot")
def dot(ctx: LayerContext) -> Blob:
    """Lower a product along the channels, of vectors of length one for the cosine."""

    def function(x: Tensor, y: Tensor) -> Tensor:
        if ctx.params.cosineSimilarity:
            x, y = (ctx.node("Div", vector, ctx.node("ReduceL2", vector, ctx.int64([-3]))) for vector in (x, y))
        return ctx.node("ReduceSum", ctx.node("Mul", x, y), ctx.int64([-3]))

    return ctx.broadcast(function, ctx.blob(0), ctx.blob(1))
