"""An ONNX `If` that chooses at run time between two ways to compute one value."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_coreml.reference.graph import SubGraph, Value
    from pytest_coreml.reference.lowering.context import Context


def choose(ctx: Context, condition: Value, then: Callable[[], Value], otherwise: Callable[[], Value]) -> Value:
    """Return what *then* computes if *condition* is true, else what *otherwise* computes; only one of them runs."""
    return ctx.node("If", condition, then_branch=_branch(ctx, then), else_branch=_branch(ctx, otherwise))


def _branch(ctx: Context, compute: Callable[[], Value]) -> SubGraph:
    with ctx.subgraph("branch") as graph:
        graph.output(compute())
    return graph
