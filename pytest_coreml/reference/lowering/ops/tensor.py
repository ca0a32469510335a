"""Operations that join tensors, split them, or work along an axis (`tensor_operation.py` of coremltools)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from pytest_coreml.reference.format.dtypes import DType
from pytest_coreml.reference.format.values import Constant
from pytest_coreml.reference.lowering.ops._carriers import carried, carrier, delivered
from pytest_coreml.reference.lowering.ops._windows import onnx_pads
from pytest_coreml.reference.lowering.registry import lowers
from pytest_coreml.reference.lowering.shapes import dimension, dimensions, divided, not_empty, times, vector

if TYPE_CHECKING:
    from pytest_coreml.reference.format.types import TensorType
    from pytest_coreml.reference.graph import Value
    from pytest_coreml.reference.lowering.context import Context
    from pytest_coreml.reference.lowering.results import Result

_PAD_MODES: Final = {"constant": "constant", "reflect": "reflect", "replicate": "edge"}


@lowers("identity")
def identity(ctx: Context) -> list[Result | None]:
    """Lower to another name of the value: a tensor, a list or a dictionary."""
    return ctx.results("x")


@lowers("concat")
def concat(ctx: Context) -> Value:
    """Lower concatenated or interleaved tensors; scalars make a vector."""
    values, type_ = ctx.inputs("values"), _first_type(ctx)
    axis = ctx.axis("axis", max(type_.rank, 1))
    if not type_.rank:
        return _vector_of(ctx, _unsqueezed(ctx, values, 0))
    if type_.rank == 1 and not ctx.scalar("interleave", False):
        return _vector_of(ctx, values)
    if not ctx.scalar("interleave", False) or len(values) == 1:
        return ctx.node("Concat", *values, axis=axis)
    sizes = dimensions(ctx, values[0], type_.shape)
    sizes[axis] = times(ctx, sizes[axis], len(values))
    stacked = ctx.node("Concat", *_unsqueezed(ctx, values, axis + 1), axis=axis + 1)
    return ctx.node("Reshape", stacked, vector(ctx, sizes))


def _vector_of(ctx: Context, values: list[Value]) -> Value:
    """Concatenate vectors; if their elements are known one by one, remember them for slices."""
    result = ctx.node("Concat", *values, axis=0)
    elements: list[int | Value] = []
    for value, source, type_ in zip(values, ctx.results("values"), ctx.types("values"), strict=True):
        if isinstance(source, Constant) and source.type.dtype.is_integer:
            elements += [int(number) for number in source.array().reshape(-1)]
        elif type_.size == 1:
            elements.append(value)
        else:
            return result
    ctx.known.elements[result] = elements
    return result


@lowers("stack")
def stack(ctx: Context) -> Value:
    """Lower tensors stacked along a new axis."""
    axis = ctx.axis("axis", _first_type(ctx).rank + 1)
    return ctx.node("Concat", *_unsqueezed(ctx, ctx.inputs("values"), axis), axis=axis)


def _first_type(ctx: Context) -> TensorType:
    types = ctx.types("values")
    if not types:
        ctx.refuse("`values` is empty, expected one value or more")
    return types[0]


def _unsqueezed(ctx: Context, values: list[Value], axis: int) -> list[Value]:
    return [ctx.node("Unsqueeze", value, ctx.int64([axis])) for value in values]


@lowers("split")
def split(ctx: Context) -> tuple[Value, ...]:
    """Lower a tensor split into equal parts, or parts of given sizes."""
    axis, count = ctx.axis("axis", ctx.rank("x")), len(ctx.op.outputs)
    if ctx.has("split_sizes"):
        sizes = ctx.as_int64("split_sizes")
    else:
        # Sizes are given so that what cannot be cut into equal parts fails; ONNX would make the last part smaller.
        size = divided(ctx, dimension(ctx, ctx.input("x"), ctx.shape("x"), axis), count)
        sizes = vector(ctx, [size] * count)
    return ctx.nodes("Split", ctx.input("x"), sizes, outputs=count, axis=axis)


@lowers("tile")
def tile(ctx: Context) -> Value:
    """Lower a tensor repeated along each axis."""
    ctx.check_per_axis("reps", ctx.rank("x"))
    return ctx.node("Tile", ctx.input("x"), ctx.as_int64("reps"))


@lowers("pad")
def pad(ctx: Context) -> Value:
    """Lower padding of the last dimensions, as begin and end of each; computed padding is for all dimensions."""
    mode, x, dtype = ctx.scalar("mode", "constant"), ctx.input("x"), ctx.dtype("x")
    if mode not in _PAD_MODES:
        ctx.refuse(f"unknown mode {mode!r}")
    if ctx.is_const("pad"):
        pads = ctx.ints("pad")
        amounts = ctx.int64(onnx_pads([0] * (2 * ctx.rank("x") - len(pads)) + pads))
    else:
        pairs = ctx.node("Reshape", ctx.as_int64("pad"), ctx.int64([-1, 2]))
        amounts = ctx.node("Reshape", ctx.node("Transpose", pairs, perm=[1, 0]), ctx.int64([-1]))
    fill = ctx.literal(ctx.scalar("constant_val", 0), carrier(dtype))
    return delivered(ctx, ctx.node("Pad", carried(ctx, x, dtype), amounts, fill, mode=_PAD_MODES[mode]), dtype)


@lowers("cumsum")
def cumsum(ctx: Context) -> Value:
    """Lower cumulative sums along an axis, from either end, with or without the current element."""
    axis = ctx.literal(ctx.axis("axis", ctx.rank("x"), 0), DType.INT64)
    exclusive, reverse = (bool(ctx.scalar(flag, False)) for flag in ("exclusive", "reverse"))
    return ctx.node("CumSum", ctx.input("x"), axis, exclusive=exclusive, reverse=reverse)


@lowers("band_part")
def band_part(ctx: Context) -> Value:
    """Lower the band around the diagonal of each matrix; a negative width keeps the whole triangle."""
    lower, upper, dtype = ctx.scalar("lower", -1), ctx.scalar("upper", -1), ctx.dtype("x")
    # There is no kernel for int32.
    x = ctx.cast(ctx.input("x"), DType.INT64) if dtype is DType.INT32 else ctx.input("x")
    if lower >= 0:
        x = ctx.node("Trilu", x, ctx.literal(-lower, DType.INT64), upper=True)
    if upper >= 0:
        x = ctx.node("Trilu", x, ctx.literal(upper, DType.INT64), upper=False)
    return ctx.cast(x, dtype) if dtype is DType.INT32 else x


@lowers("non_zero")
def non_zero(ctx: Context) -> Value:
    """Lower the indices of elements that are not zero, one row for each."""
    positions = ctx.node("NonZero", carried(ctx, ctx.input("x"), ctx.dtype("x")))
    return ctx.cast(ctx.node("Transpose", positions, perm=[1, 0]), DType.INT32)


@lowers("argsort")
def argsort(ctx: Context) -> Value:
    """Lower the indices that sort an axis, the largest first by default."""
    axis = ctx.axis("axis", ctx.rank("x"), -1)
    count = vector(ctx, [dimension(ctx, ctx.input("x"), ctx.shape("x"), axis)])
    _, indices = _sorted(ctx, count, axis)
    return ctx.cast(indices, ctx.output_type().dtype)


@lowers("topk")
def topk(ctx: Context) -> tuple[Value, ...]:
    """Lower the `k` largest or smallest elements along an axis and their positions; -1 takes all, always sorted."""
    axis, count, dtype = ctx.axis("axis", ctx.rank("x"), -1), ctx.scalar("k", 1), ctx.dtype("x")
    size = dimension(ctx, ctx.input("x"), ctx.shape("x"), axis) if count == -1 else count
    values, indices = _sorted(ctx, vector(ctx, [size]), axis)
    values = delivered(ctx, values, dtype)
    if len(ctx.op.outputs) == 1:
        return (values,)
    return values, ctx.cast(indices, ctx.output_type(1).dtype)


def _sorted(ctx: Context, count: Value, axis: int) -> tuple[Value, ...]:
    # With no rows to sort, ONNX Runtime before 1.24 divides by zero
    rows = [other for other in range(ctx.rank("x")) if other != axis]
    x = carried(ctx, not_empty(ctx, ctx.input("x"), "x", ctx.shape("x"), rows), ctx.dtype("x"))
    return ctx.nodes("TopK", x, count, outputs=2, axis=axis, largest=not ctx.scalar("ascending", False))
