"""Matrix products (`linear.py` of coremltools)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_coreml.reference.lowering.registry import lowers

if TYPE_CHECKING:
    from pytest_coreml.reference.graph import Value
    from pytest_coreml.reference.lowering.context import Context


@lowers("linear")
def linear(ctx: Context) -> Value:
    """Lower `x @ weight.T + bias`, `weight` being [out, in].

    Always a Gemm on two dimensions: a MatMul would make ONNX Runtime keep a transposed copy of each weight.
    """
    x, shape = ctx.input("x"), ctx.shape("x")
    if len(shape) == 2:
        return _gemm(ctx, x)
    out, into = ctx.shape("weight")
    if out is None or into is None:
        ctx.refuse("`weight` has an unknown dimension")
    flat = ctx.node("Reshape", x, ctx.int64([-1, into]))
    return ctx.node("Reshape", _gemm(ctx, flat), _with_last(ctx, x, out))


def _gemm(ctx: Context, x: Value) -> Value:
    return ctx.node("Gemm", x, ctx.input("weight"), ctx.optional("bias"), transB=1)


def _with_last(ctx: Context, x: Value, last: int) -> Value:
    """Give the shape of `x` with another last dimension."""
    leading = ctx.shape("x")[:-1]
    if sum(dimension is None for dimension in leading) <= 1 and 0 not in leading:
        return ctx.int64([*(-1 if dimension is None else dimension for dimension in leading), last])
    return ctx.node("Concat", ctx.node("Shape", x, end=-1), ctx.int64([last]), axis=0)


@lowers("matmul")
def matmul(ctx: Context) -> Value:
    """Lower the batched product; transposed operands become a Transpose, which ONNX Runtime fuses."""
    operands = [_matrix(ctx, param, ctx.scalar(f"transpose_{param}", False)) for param in ("x", "y")]
    return ctx.node("MatMul", *operands)


def _matrix(ctx: Context, param: str, transposed: bool) -> Value:
    value, rank = ctx.input(param), ctx.rank(param)
    if not transposed or rank < 2:
        return value
    return ctx.node("Transpose", value, perm=[*range(rank - 2), rank - 1, rank - 2])


@lowers("einsum")
def einsum(ctx: Context) -> Value:
    """Lower the two equations that MIL defines, and any other that ONNX understands."""
    return ctx.node("Einsum", *ctx.inputs("values"), equation=ctx.scalar("equation"))
