"""Chooses between two lists of layers while the network runs, by ONNX's `If`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from pytest_coreml.reference.format.dtypes import DType
from pytest_coreml.reference.networks.tensors import Blob, Tensor

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_coreml.reference.format.types import Shape
    from pytest_coreml.reference.graph import SubGraph
    from pytest_coreml.reference.networks.layer_context import LayerContext

# A variable beside those of the network: which jump of the body of a loop was taken
JUMP: Final = "\0jump"
NO_JUMP, CONTINUE, BREAK = 0, 1, 2


def choose(ctx: LayerContext, condition: Tensor, then: Sequence[Any], otherwise: Sequence[Any]) -> None:
    """Lower two lists of layers to an If, and give the names that either writes what the chosen one made."""
    if condition.known is not None:
        # What is never chosen may well not fit together.
        ctx.lowering.lower_layers(then if condition.known.reshape(-1)[0] else otherwise)
        return
    names = ctx.lowering.names
    branches = [_lowered(ctx, layers) for layers in (then, otherwise)]
    written = list(dict.fromkeys(name for _, made in branches for name in made))
    # A name that one branch makes and the other does not know cannot be used behind both.
    kept = [name for name in written if all(name in made or name in names for _, made in branches)]
    if not kept:
        return
    sides = [[_side(ctx, made, name) for name in kept] for _, made in branches]
    for (graph, _), side in zip(branches, sides, strict=True):
        for tensor in side:
            graph.output(tensor.value)
    results = ctx.lowering.builder.current.node(
        "If",
        [ctx.scalar(condition).value],
        outputs=len(kept),
        hint=ctx.hint,
        then_branch=branches[0][0],
        else_branch=branches[1][0],
    )
    for name, value, one, other in zip(kept, results, *sides, strict=True):
        shape = joined(ctx, name, one.shape, other.shape)
        names[name] = ctx.from_whole(Tensor(value, one.dtype, shape))


def _lowered(ctx: LayerContext, layers: Sequence[Any]) -> tuple[SubGraph, dict[str, Tensor]]:
    """Lower layers into a sub-graph; return what they made of the names that they wrote."""
    lowering = ctx.lowering
    before = dict(lowering.names)
    with lowering.builder.subgraph("branch") as graph:
        lowering.lower_layers(layers)
        made = {
            name: ctx.whole(blob)
            for name, blob in lowering.names.items()
            if blob is not None and before.get(name) is not blob
        }
    lowering.names.clear()
    lowering.names.update(before)
    return graph, made


def _side(ctx: LayerContext, made: dict[str, Tensor], name: str) -> Tensor:
    if name in made:
        return made[name]
    blob = ctx.lowering.names[name]
    if blob is None:
        ctx.refuse("uses the result of a refused layer")
    return ctx.whole(blob)


def joined(ctx: LayerContext, name: str, one: Shape, other: Shape) -> Shape:
    """Return the shape of what is one thing or another, with sizes that differ unknown."""
    if len(one) != len(other):
        ctx.refuse(f"{name!r} has {len(one)} or {len(other)} dimensions, depending on the inputs")
    return tuple(size if size == twin else None for size, twin in zip(one, other, strict=True))


def lower_guarded(ctx: LayerContext, rest: Sequence[Any]) -> None:
    """Lower the layers behind a branch that may jump: they run when it did not."""
    jump = jump_of(ctx)
    choose(ctx, ctx.node("Equal", jump, ctx.literal(NO_JUMP, DType.INT64)), rest, [])


def jump_of(ctx: LayerContext) -> Tensor:
    """Return the number of the jump that was taken."""
    blob = ctx.lowering.names.get(JUMP)
    return ctx.whole(blob) if isinstance(blob, Blob) else ctx.literal(NO_JUMP, DType.INT64)
