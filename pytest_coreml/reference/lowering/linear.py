"""Matrix products (`linear.py` of coremltools)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_coreml.reference.dtypes import DType
from pytest_coreml.reference.lowering.registry import lowers
from pytest_coreml.reference.lowering.shapes import not_empty

if TYPE_CHECKING:
    from pytest_coreml.reference.graph import Value
    from pytest_coreml.reference.lowering.context import Context
    from pytest_coreml.reference.types import Shape


@lowers("linear")
def linear(ctx: Context) -> Value:
    """Lower `x @ weight.T + bias`, `weight` being [out, in].

    Always a Gemm on two dimensions: a MatMul would make ONNX Runtime keep a transposed copy of each weight.
    """
    shape = ctx.shape("x")
    params = ["x", "weight", "bias"] if ctx.has("bias") else ["x", "weight"]
    x, *weights = _computable(ctx, params)
    if len(shape) == 2:
        return _as_declared(ctx, ctx.node("Gemm", x, *weights, transB=1))
    out, into = ctx.shape("weight")
    if out is None or into is None:
        ctx.refuse("`weight` has an unknown dimension")
    flat = ctx.node("Reshape", x, ctx.int64([-1, into]))
    product = _as_declared(ctx, ctx.node("Gemm", flat, *weights, transB=1))
    return ctx.node("Reshape", product, _with_last(ctx, x, out))


def _computable(ctx: Context, params: list[str]) -> list[Value]:
    """Give operands of floating-point types; integers, which may stand beside these since iOS 17, as fp64.

    Fp64 holds the sums of integers exactly; ONNX Runtime multiplies integers only in part of its operators.
    """
    dtypes = {ctx.dtype(param).compute for param in params}
    if dtypes == {DType.FP32}:
        return [ctx.input(param) for param in params]
    return [ctx.cast(ctx.input(param), DType.FP64) for param in params]


def _as_declared(ctx: Context, product: Value) -> Value:
    """Bring a product of integers back to the declared type."""
    if all(ctx.dtype(param).is_float for param in ("x", "weight", "y") if ctx.has(param)):
        return product
    return ctx.cast(product, ctx.output_type().dtype)


def _with_last(ctx: Context, x: Value, last: int) -> Value:
    """Give the shape of `x` with another last dimension."""
    leading = ctx.shape("x")[:-1]
    if sum(dimension is None for dimension in leading) <= 1 and 0 not in leading:
        return ctx.int64([*(-1 if dimension is None else dimension for dimension in leading), last])
    return ctx.node("Concat", ctx.node("Shape", x, end=-1), ctx.int64([last]), axis=0)


@lowers("matmul")
def matmul(ctx: Context) -> Value:
    """Lower the batched product; transposed operands become a Transpose, which ONNX Runtime fuses."""
    x, y = _computable(ctx, ["x", "y"])
    return _as_declared(ctx, ctx.node("MatMul", _matrix(ctx, x, "x"), _matrix(ctx, y, "y")))


def _matrix(ctx: Context, value: Value, param: str) -> Value:
    rank = ctx.rank(param)
    if not ctx.scalar(f"transpose_{param}", False) or rank < 2:
        return value
    return ctx.node("Transpose", value, perm=[*range(rank - 2), rank - 1, rank - 2])


@lowers("einsum")
def einsum(ctx: Context) -> Value:
    """Lower the two equations that MIL defines, and any other that ONNX understands."""
    equation = str(ctx.scalar("equation"))
    terms, _, result = equation.replace(" ", "").partition("->")
    values = [
        _with_something_to_sum(ctx, value, type_.shape, term, result)
        for value, type_, term in zip(ctx.inputs("values"), ctx.types("values"), terms.split(","), strict=True)
    ]
    return ctx.node("Einsum", *values, equation=equation)


def _with_something_to_sum(ctx: Context, value: Value, shape: Shape, term: str, result: str) -> Value:
    """Give a value of `einsum`, not empty where it is summed: ONNX Runtime before 1.24 ends the process then."""
    if "." in term:
        return value
    summed = [axis for axis, label in enumerate(term) if label not in result]
    return not_empty(ctx, value, "values", shape, summed)
