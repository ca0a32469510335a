"""Conditions and loops (`control_flow.py` of coremltools).

States that a block writes are further outputs of the `If` or `Loop`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_coreml.reference.errors import BadModelError
from pytest_coreml.reference.format.dtypes import DType
from pytest_coreml.reference.format.types import ListType, TensorType
from pytest_coreml.reference.graph import NOTHING, SubGraph, Value
from pytest_coreml.reference.lowering.ops._carriers import carried, delivered
from pytest_coreml.reference.lowering.registry import lowers
from pytest_coreml.reference.lowering.results import ListValue

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from pytest_coreml.reference.format.program import Block, NamedType
    from pytest_coreml.reference.lowering.context import Context
    from pytest_coreml.reference.lowering.results import Result, StateRef


@lowers("select")
def select(ctx: Context) -> Value:
    """Lower `a` where `cond` is true, else `b`."""
    dtype = ctx.output_type().dtype
    a, b = (carried(ctx, ctx.input(param), dtype) for param in ("a", "b"))
    return delivered(ctx, ctx.node("Where", ctx.input("cond"), a, b), dtype)


@lowers("cond")
def cond(ctx: Context) -> list[Result | None]:
    """Lower two blocks without inputs, one of which runs."""
    then, otherwise = _two_blocks(ctx)
    if ctx.is_const("pred"):
        return ctx.lower_block(then if ctx.scalar("pred") else otherwise)
    written = ctx.written_states()
    then_graph, then_results = _branch(ctx, then, written)
    else_graph, else_results = _branch(ctx, otherwise, written)
    count = len(ctx.op.outputs)
    values = ctx.nodes(
        "If", ctx.input("pred"), then_branch=then_graph, else_branch=else_graph, outputs=count + len(written)
    )
    _write(ctx, written, values[count:])
    return [_either(*both) for both in zip(values[:count], then_results, else_results, strict=True)]


def _branch(ctx: Context, block: Block, written: Sequence[StateRef]) -> tuple[SubGraph, list[Result | None]]:
    before = dict(ctx.states)
    with ctx.subgraph("branch") as graph:
        results = ctx.lower_block(block)
        _leave(ctx, graph, results, written)
    ctx.states.update(before)
    return graph, results


def _leave(ctx: Context, graph: SubGraph, results: Iterable[Result | None], states: Iterable[StateRef]) -> None:
    for value in [*map(ctx.value, results), *[ctx.states[state.name] for state in states]]:
        graph.output(value)


def _write(ctx: Context, states: Iterable[StateRef], values: Sequence[Value]) -> None:
    ctx.states.update({state.name: value for state, value in zip(states, values, strict=True)})


def _either(value: Value, then: Result | None, otherwise: Result | None) -> Result:
    if isinstance(then, ListValue) and isinstance(otherwise, ListValue):
        length = then.length if then.length == otherwise.length else None
        return ListValue(value, length, then.is_fixed and otherwise.is_fixed)
    return value


@lowers("while_loop")
def while_loop(ctx: Context) -> list[Result | None]:
    """Lower a body that runs while a condition holds; it is evaluated before each iteration.

    A variable that the body passes on unchanged does not become a variable of the ONNX loop, which would copy it.
    """
    condition, body = _two_blocks(ctx)
    results = ctx.results("loop_vars")
    if not len(results) == len(body.inputs) == len(body.outputs) == len(ctx.op.outputs):
        raise BadModelError(f"operation while_loop {ctx.op.name!r}: loop and body have different numbers of variables")
    changed = [index for index, named in enumerate(body.inputs) if body.outputs[index] != named.name]
    first = _truth(ctx, condition, results)
    written = ctx.written_states()
    before = [*[ctx.value(results[index]) for index in changed], *[ctx.states[state.name] for state in written]]
    graph = _body(ctx, results, changed, written)
    after = ctx.nodes("Loop", NOTHING, first, *before, body=graph, outputs=len(before))
    for index, value in zip(changed, after, strict=False):
        results[index] = _carried(results[index], value)
    _write(ctx, written, after[len(changed) :])
    return results


def _body(
    ctx: Context, results: Sequence[Result | None], changed: Sequence[int], written: Sequence[StateRef]
) -> SubGraph:
    condition, body = _two_blocks(ctx)
    outside = dict(ctx.states)
    with ctx.subgraph("body") as graph:
        graph.input("turn", DType.INT64, ())
        graph.input("goes_on", DType.BOOL, ())
        variables = list(results)
        for index in changed:
            variables[index] = _carried(results[index], _declare(graph, body.inputs[index]))
        _write(ctx, written, [graph.input(s.name, s.type.dtype.compute, s.type.shape) for s in written])
        after = ctx.lower_block(body, variables)
        goes_on = _truth(ctx, condition, after)
        _check_lists(ctx, variables, after)
        _leave(ctx, graph, [goes_on, *[after[index] for index in changed]], written)
    ctx.states.update(outside)
    return graph


def _truth(ctx: Context, condition: Block, variables: Sequence[Result | None]) -> Value:
    # MIL takes any tensor of one element for the condition, ONNX wants no dimensions.
    return ctx.node("Reshape", ctx.value(ctx.lower_block(condition, variables)[0]), ctx.int64([]))


def _declare(graph: SubGraph, variable: NamedType) -> Value:
    if isinstance(variable.type, TensorType):
        return graph.input(variable.name, variable.type.dtype.compute, variable.type.shape)
    if isinstance(variable.type, ListType) and isinstance(variable.type.element, TensorType):
        return graph.input_sequence(variable.name, variable.type.element.dtype.compute)
    raise BadModelError(f"the variable {variable.name!r} of a loop is neither a tensor nor a list of tensors")


def _carried(before: Result | None, value: Value) -> Result:
    """Return a variable inside or after the loop, where the length of a list that can grow is unknown."""
    if isinstance(before, ListValue):
        return ListValue(value, before.length if before.is_fixed else None, before.is_fixed)
    return value


def _check_lists(ctx: Context, before: Sequence[Result | None], after: Sequence[Result | None]) -> None:
    for old, new in zip(before, after, strict=True):
        if isinstance(old, ListValue) and old.is_fixed and isinstance(new, ListValue) and new.length != old.length:
            ctx.refuse("a list of fixed length is replaced by another one in the loop")


def _two_blocks(ctx: Context) -> tuple[Block, Block]:
    if len(ctx.op.blocks) != 2:
        raise BadModelError(f"operation {ctx.op.type} {ctx.op.name!r} has {len(ctx.op.blocks)} blocks, expected 2")
    return ctx.op.blocks[0], ctx.op.blocks[1]
