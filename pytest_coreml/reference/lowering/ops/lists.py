"""Lists (`control_flow.py` of coremltools), as ONNX sequences.

The alternative would be one stacked tensor. A write to it copies all of it; a write to a sequence copies only the
references to its elements. With elements of 4 kB, a loop over 1,000 of them takes a third of the time; with elements of
512 bytes, about the same. A stacked tensor also cannot hold elements whose shape is unknown before they are written.
ONNX Runtime copies the elements of a sequence that enters a `Loop`, so a write uses no `Loop` unless it fills a gap.

Positions are int32 in MIL, and must not be negative.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from pytest_coreml.reference.errors import BadModelError
from pytest_coreml.reference.format.dtypes import DType
from pytest_coreml.reference.format.types import ListType, TensorType
from pytest_coreml.reference.graph import NOTHING
from pytest_coreml.reference.lowering.ops._branches import choose
from pytest_coreml.reference.lowering.ops.gathering import from_the_front
from pytest_coreml.reference.lowering.registry import lowers
from pytest_coreml.reference.lowering.results import ListValue

if TYPE_CHECKING:
    from pytest_coreml.reference.format.values import Constant
    from pytest_coreml.reference.graph import Value
    from pytest_coreml.reference.lowering.context import Context


@lowers("make_list")
def make_list(ctx: Context) -> ListValue:
    """Lower a list of zeros; a dimension that is unknown before an element is written has the size 0 until then."""
    element = _made_type(ctx)
    is_fixed = not ctx.scalar("dynamic_length", True)
    if ctx.has("init_length") and not ctx.is_const("init_length"):
        count = ctx.node("Reshape", ctx.as_int64("init_length"), ctx.int64([1]))
        return ListValue(_zeros(ctx, count, element), None, is_fixed)
    length = ctx.scalar("init_length", 1)
    if length < 0:
        ctx.refuse(f"`init_length` is {length}, expected 0 or more")
    return ListValue(_zeros(ctx, ctx.int64([length]), element), length, is_fixed)


def _made_type(ctx: Context) -> TensorType:
    type_ = ctx.op.outputs[0].type
    if not isinstance(type_, ListType) or not isinstance(type_.element, TensorType):
        raise BadModelError(f"operation make_list {ctx.op.name!r}: the output is not a list of tensors")
    return type_.element


def _zeros(ctx: Context, count: Value, element: TensorType) -> Value:
    shape = ctx.node("Concat", count, ctx.int64([size or 0 for size in element.shape]), axis=0)
    stack = ctx.node("ConstantOfShape", shape, value=np.zeros(1, element.dtype.compute.numpy))
    return _unstacked(ctx, stack)


def _unstacked(ctx: Context, stack: Value) -> Value:
    return ctx.node("SplitToSequence", stack, axis=0, keepdims=0)


@lowers("list_length")
def list_length(ctx: Context) -> Value | Constant:
    """Lower the number of elements."""
    list_ = ctx.list_value("ls")
    if list_.length is not None:
        return ctx.constant(np.array(list_.length, np.int32), DType.INT32)
    return ctx.cast(ctx.node("SequenceLength", list_.sequence), DType.INT32)


@lowers("list_read")
def list_read(ctx: Context) -> Value:
    """Lower one element."""
    position = from_the_front(ctx, ctx.input("index"))
    return ctx.node("SequenceAt", ctx.list_value("ls").sequence, position)


@lowers("list_write")
def list_write(ctx: Context) -> ListValue:
    """Lower the list with one element replaced; a dynamic list grows up to the position."""
    list_ = ctx.list_value("ls")
    sequence = _written(ctx, list_, ctx.input("index"), ctx.input("value"))
    return replace(list_, sequence=sequence, length=list_.length if list_.is_fixed else None)


def _written(ctx: Context, list_: ListValue, index: Value, value: Value) -> Value:
    position = from_the_front(ctx, index)
    if list_.is_fixed:
        return _overwritten(ctx, list_.sequence, position, value)
    length = ctx.node("SequenceLength", list_.sequence)
    place = ctx.cast(index, DType.INT64)
    return choose(
        ctx,
        ctx.node("Less", place, length),
        lambda: _overwritten(ctx, list_.sequence, position, value),
        lambda: _grown(ctx, list_.sequence, ctx.node("Sub", place, length), value),
    )


def _overwritten(ctx: Context, sequence: Value, position: Value, value: Value) -> Value:
    shorter = ctx.node("SequenceErase", sequence, position)
    return ctx.node("SequenceInsert", shorter, value, position)


def _grown(ctx: Context, sequence: Value, gap: Value, value: Value) -> Value:
    return choose(
        ctx,
        ctx.node("Equal", gap, ctx.int64(0)),
        lambda: ctx.node("SequenceInsert", sequence, value),
        lambda: ctx.node("SequenceInsert", _padded(ctx, sequence, gap, value), value),
    )


def _padded(ctx: Context, sequence: Value, gap: Value, value: Value) -> Value:
    """Append *count* elements of zeros, of the shape of *value*."""
    dtype = ctx.dtype("value").compute
    shape = ctx.node("Shape", value)
    with ctx.subgraph("padding") as graph:
        graph.input("turn", DType.INT64, ())
        goes_on = graph.input("goes_on", DType.BOOL, ())
        list_ = graph.input_sequence("list", dtype)
        graph.output(goes_on)
        zeros = ctx.node("ConstantOfShape", shape, value=np.zeros(1, dtype.numpy))
        graph.output(ctx.node("SequenceInsert", list_, zeros))
    return ctx.node("Loop", gap, NOTHING, sequence, body=graph)


@lowers("list_gather")
def list_gather(ctx: Context) -> Value:
    """Lower elements stacked in the order of `indices`."""
    list_ = ctx.list_value("ls")
    stack = ctx.node("ConcatFromSequence", list_.sequence, axis=0, new_axis=1)
    if ctx.is_const("indices") and ctx.ints("indices") == list(range(list_.length or 0)) != []:
        return stack
    return ctx.node("Gather", stack, from_the_front(ctx, ctx.input("indices")), axis=0)


@lowers("list_scatter")
def list_scatter(ctx: Context) -> ListValue:
    """Lower the list with the rows of `value` written to `indices`.

    The rows are written one at a time, unless they are the whole list in order. They nearly always are: TensorFlow
    unstacks a tensor in this way.
    """
    list_ = ctx.list_value("ls")
    if _is_surely_whole(ctx, list_):
        return ListValue(_unstacked(ctx, ctx.input("value")), len(ctx.ints("indices")), list_.is_fixed)
    sequence = choose(
        ctx,
        _is_whole(ctx, list_),
        lambda: _unstacked(ctx, ctx.input("value")),
        lambda: _scattered(ctx, list_),
    )
    return replace(list_, sequence=sequence, length=list_.length if list_.is_fixed else None)


def _is_surely_whole(ctx: Context, list_: ListValue) -> bool:
    """Return whether `_is_whole` is known to be true before the model runs."""
    if list_.length is None or not ctx.is_const("indices"):
        return False
    indices = ctx.ints("indices")
    fits = len(indices) == list_.length if list_.is_fixed else len(indices) >= list_.length
    return fits and indices == list(range(len(indices)))


def _is_whole(ctx: Context, list_: ListValue) -> Value:
    """Return whether the indices count up from 0, and the list has no elements beyond them."""
    indices = ctx.as_int64("indices")
    count = ctx.node("Size", indices)
    counted = ctx.node("Range", ctx.int64(0), count, ctx.int64(1))
    in_order = ctx.node("ReduceMin", ctx.cast(ctx.node("Equal", indices, counted), DType.INT32), keepdims=0)
    length = ctx.node("SequenceLength", list_.sequence)
    fits = ctx.node("Equal" if list_.is_fixed else "GreaterOrEqual", count, length)
    return ctx.node("And", ctx.cast(in_order, DType.BOOL), fits)


def _scattered(ctx: Context, list_: ListValue) -> Value:
    dtype = ctx.dtype("value").compute
    with ctx.subgraph("scatter") as graph:
        turn = graph.input("turn", DType.INT64, ())
        goes_on = graph.input("goes_on", DType.BOOL, ())
        carried = replace(list_, sequence=graph.input_sequence("list", dtype))
        index, row = (ctx.node("Gather", ctx.input(param), turn, axis=0) for param in ("indices", "value"))
        graph.output(goes_on)
        graph.output(_written(ctx, carried, index, row))
    return ctx.node("Loop", ctx.node("Size", ctx.input("indices")), NOTHING, list_.sequence, body=graph)
