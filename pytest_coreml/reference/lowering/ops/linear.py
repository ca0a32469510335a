"""Matrix products (`linear.py` of coremltools)."""

from __future__ import annotations

from string import ascii_lowercase
from typing import TYPE_CHECKING, Final

from pytest_coreml.reference.format.dtypes import DType
from pytest_coreml.reference.lowering.registry import lowers
from pytest_coreml.reference.lowering.shapes import not_empty

if TYPE_CHECKING:
    from pytest_coreml.reference.graph import Value
    from pytest_coreml.reference.lowering.context import Context


@lowers("linear")
def linear(ctx: Context) -> Value:
    """Lower `x @ weight.T + bias`, `weight` being [out, in].

    Always a two-dimensional Gemm: with MatMul, ONNX Runtime would keep a transposed copy of each weight.
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
    """Return operands as floating-point numbers; integers, allowed beside these since iOS 17, become fp64.

    Fp64 holds sums of integers exactly; ONNX Runtime supports integers only in some of its operators.
    """
    dtypes = {ctx.dtype(param).compute for param in params}
    if dtypes == {DType.FP32}:
        return [ctx.input(param) for param in params]
    return [ctx.cast(ctx.input(param), DType.FP64) for param in params]


def _as_declared(ctx: Context, product: Value) -> Value:
    """Convert a product of integers back to the declared type."""
    if all(ctx.dtype(param).is_float for param in ("x", "weight", "y") if ctx.has(param)):
        return product
    return ctx.cast(product, ctx.output_type().dtype)


def _with_last(ctx: Context, x: Value, last: int) -> Value:
    """Return the shape of *x* with another last dimension."""
    leading = ctx.shape("x")[:-1]
    if sum(dimension is None for dimension in leading) <= 1 and 0 not in leading:
        return ctx.int64([*(-1 if dimension is None else dimension for dimension in leading), last])
    return ctx.node("Concat", ctx.node("Shape", x, end=-1), ctx.int64([last]), axis=0)


@lowers("matmul")
def matmul(ctx: Context) -> Value:
    """Lower a batched matrix product; transposed operands become a Transpose, which ONNX Runtime fuses."""
    x, y = _computable(ctx, ["x", "y"])
    return _as_declared(ctx, ctx.node("MatMul", _matrix(ctx, x, "x"), _matrix(ctx, y, "y")))


def _matrix(ctx: Context, value: Value, param: str) -> Value:
    rank = ctx.rank(param)
    if not ctx.scalar(f"transpose_{param}", False) or rank < 2:
        return value
    return ctx.node("Transpose", value, perm=[*range(rank - 2), rank - 1, rank - 2])


# Of which each other way to name the dimensions is one, by the number of dimensions
_EQUATIONS: Final = {3: "abc,cbd->abd", 4: "abcd,adce->abce"}


@lowers("einsum")
def einsum(ctx: Context) -> Value:
    """Lower the two equations that MIL defines: products of the dimensions around the second last.

    Not lowered to Einsum: ONNX Runtime infers wrong shapes where Einsum broadcasts sizes of 1, and it is slower.
    """
    (x, y), shape, equation = ctx.inputs("values"), ctx.types("values")[0].shape, str(ctx.scalar("equation"))
    rank = len(shape)
    if _EQUATIONS.get(rank) != _renamed(equation):
        ctx.refuse(f"the equation {equation!r} with {rank} dimensions")
    # Before 1.24, ONNX Runtime ends the process where it has nothing to sum.
    x = not_empty(ctx, x, "values", shape, [rank - 1])
    swapped = [*range(rank - 3), rank - 2, rank - 3, rank - 1]
    product = ctx.node("MatMul", *(ctx.node("Transpose", value, perm=swapped) for value in (x, y)))
    return ctx.node("Transpose", product, perm=swapped)


def _renamed(equation: str) -> str:
    """Return the equation with its dimensions renamed in order of appearance."""
    names = dict.fromkeys(filter(str.isalpha, equation))
    return equation.translate(dict(zip(map(ord, names), ascii_lowercase, strict=False)))
