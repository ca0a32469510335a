"""Branches and loops. Names are variables: what a body writes is there in the next round, and behind the loop."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from pytest_coreml.reference.errors import BadModelError
from pytest_coreml.reference.format.dtypes import DType
from pytest_coreml.reference.networks.branches import BREAK, CONTINUE, JUMP, NO_JUMP, choose, joined, jump_of
from pytest_coreml.reference.networks.layer_registry import lowers
from pytest_coreml.reference.networks.layer_tree import all_layers, written_by
from pytest_coreml.reference.networks.tensors import Blob, Tensor

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_coreml.reference.format.types import Shape
    from pytest_coreml.reference.graph import SubGraph
    from pytest_coreml.reference.networks.layer_context import LayerContext

_MAX_ROUNDS: Final = 2**62
# A size that changes in one round becomes unknown in the next lowering; an axis can do that once.
_MAX_LOWERINGS: Final = 8


@lowers("branch")
def branch(ctx: LayerContext) -> list[Blob]:
    """Lower one of two networks, by the truth of a number."""
    choose(ctx, ctx.truth(ctx.x()), ctx.params.ifBranch.layers, ctx.params.elseBranch.layers)
    return []


@lowers("loopBreak", "loopContinue")
def jump(ctx: LayerContext) -> list[Blob]:
    """Lower a mark that the rest of the body does not run."""
    number = BREAK if ctx.type == "loopBreak" else CONTINUE
    ctx.lowering.names[JUMP] = ctx.from_whole(ctx.literal(number, DType.INT64))
    return []


@lowers("loop")
def loop(ctx: LayerContext) -> list[Blob]:
    """Lower rounds of a network while a number is true, or until they have been as many as they may be."""
    params = ctx.params
    names = ctx.lowering.names
    has_condition = bool(params.conditionVar)
    _declare_made(ctx)
    outer_jump = names.pop(JUMP, None)
    condition = _condition(ctx) if has_condition else None
    carried = [name for name in _written(ctx) if isinstance(names.get(name), Blob)]
    tensors = [ctx.whole(blob) for name in carried if (blob := names[name]) is not None]
    shapes = [tensor.shape for tensor in tensors]
    for _ in range(_MAX_LOWERINGS):
        body, results = _body(ctx, carried, shapes, has_condition)
        new = [joined(ctx, name, old, made) for name, old, made in zip(carried, shapes, results, strict=True)]
        if new == shapes:
            break
        shapes = new
    else:
        ctx.refuse("the shapes in its body change with each iteration")
    count = _rounds(ctx)
    values = ctx.lowering.builder.current.node(
        "Loop",
        [count.value, (condition or ctx.literal(True, DType.BOOL)).value, *(tensor.value for tensor in tensors)],
        outputs=len(carried),
        hint=ctx.hint,
        body=body,
    )
    for name, value, tensor, shape in zip(carried, values, tensors, shapes, strict=True):
        names[name] = ctx.from_whole(Tensor(value, tensor.dtype, shape))
    if outer_jump is not None:
        names[JUMP] = outer_jump
    return []


def _written(ctx: LayerContext) -> list[str]:
    params = ctx.params
    networks = [params.bodyNetwork, *([params.conditionNetwork] if params.conditionVar else [])]
    return list(dict.fromkeys(name for network in networks for name in written_by(network.layers)))


def _rounds(ctx: LayerContext) -> Tensor:
    """Return how many rounds there may be: an input, or a number; 0 stands for any where there is a condition."""
    if ctx.count:
        return ctx.scalar(ctx.integers(ctx.x()))
    limit = int(ctx.params.maxLoopIterations)
    return ctx.int64(limit if limit or not ctx.params.conditionVar else _MAX_ROUNDS)


def _condition(ctx: LayerContext) -> Tensor:
    """Lower the network of the condition, and return its truth."""
    ctx.lowering.lower_layers(ctx.params.conditionNetwork.layers)
    blob = ctx.lowering.names.get(ctx.params.conditionVar)
    if blob is None:
        raise BadModelError(f"no layer computes its condition {ctx.params.conditionVar!r}")
    return ctx.scalar(ctx.truth(ctx.whole(blob)))


def _body(
    ctx: LayerContext, carried: Sequence[str], shapes: Sequence[Shape], has_condition: bool
) -> tuple[SubGraph, list[Shape]]:
    """Lower a round; return its graph, and the shapes of what it carries on."""
    lowering = ctx.lowering
    before = dict(lowering.names)
    with lowering.builder.subgraph("body") as graph:
        lowering.graph.input("round", DType.INT64, ())
        lowering.graph.input("goes_on", DType.BOOL, ())
        for name, shape in zip(carried, shapes, strict=True):
            lowering.names[name] = ctx.from_whole(lowering.graph.input("carried", DType.FP32, shape))
        lowering.names[JUMP] = ctx.from_whole(ctx.literal(NO_JUMP, DType.INT64))
        lowering.lower_layers(ctx.params.bodyNetwork.layers)
        goes_on = ctx.node("Not", ctx.node("Equal", jump_of(ctx), ctx.literal(BREAK, DType.INT64)))
        if has_condition:
            goes_on = ctx.node("And", goes_on, _condition(ctx))
        made = [_whole(ctx, name) for name in carried]
        for tensor in (goes_on, *made):
            graph.output(tensor.value)
    lowering.names.clear()
    lowering.names.update(before)
    return graph, [tensor.shape for tensor in made]


def _whole(ctx: LayerContext, name: str) -> Tensor:
    blob = ctx.lowering.names[name]
    if blob is None:
        ctx.refuse("uses the result of a refused layer")
    return ctx.whole(blob)


def _declare_made(ctx: LayerContext) -> None:
    """Make a blob for each name that the loop makes and later layers read: ONNX carries only what exists before."""
    names = ctx.lowering.names
    inside = [layer for network in _networks(ctx) for layer in all_layers(network.layers)]
    for name in _written(ctx):
        read_inside = sum(list(layer.input).count(name) for layer in inside)
        if name in names or ctx.lowering.reads[name] <= read_inside:
            continue
        shape = _shape_in_body(ctx, name)
        if shape is None or None in shape:
            ctx.refuse(f"{name!r} is computed in the loop and used after it, and its shape depends on the inputs")
        zeros = np.zeros([size for size in shape if size is not None], np.float32)
        names[name] = ctx.from_whole(ctx.constant(zeros))


def _networks(ctx: LayerContext) -> list[Any]:
    return [ctx.params.conditionNetwork, ctx.params.bodyNetwork]


def _shape_in_body(ctx: LayerContext, name: str) -> Shape | None:
    """Return the shape that a name has at the end of a round, by a lowering that is thrown away."""
    lowering = ctx.lowering
    before = dict(lowering.names)
    with lowering.builder.subgraph("trial"):
        if ctx.params.conditionVar:
            lowering.lower_layers(ctx.params.conditionNetwork.layers)
        lowering.lower_layers(ctx.params.bodyNetwork.layers)
        blob = lowering.names.get(name)
    lowering.names.clear()
    lowering.names.update(before)
    return blob.shape if blob is not None else None
