"""Shared by the lowerings of recurrent networks: directions, and the layout of states and outputs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_coreml.reference.lowering.shapes import no_smaller

if TYPE_CHECKING:
    from pytest_coreml.reference.graph import Value
    from pytest_coreml.reference.lowering.context import Context


def directions(ctx: Context) -> tuple[str, ...]:
    """Return the suffix of the weight names of each direction."""
    direction = str(ctx.scalar("direction", "forward"))
    if direction not in ("forward", "reverse", "bidirectional"):
        ctx.refuse(f"unknown direction {direction!r}")
    return ("", "_back") if direction == "bidirectional" else ("",)


def hidden_size(ctx: Context) -> int:
    """Return the size of the state in one direction."""
    hidden = ctx.shape("weight_hh")[1]
    if hidden is None:
        ctx.refuse("the size of the hidden state is unknown")
    return hidden


def steps(ctx: Context) -> Value:
    """Return `x`, checked to have a step and a batch: without, ONNX Runtime crashes or drops the states."""
    return no_smaller(ctx, ctx.input("x"), "x", {0: 1, 1: 1}, believe=False)


def in_order_of_steps(ctx: Context, sequence: Value) -> Value:
    """Reorder the outputs of a reverse direction by the order of computation, as MIL defines; ONNX orders by time."""
    if ctx.scalar("direction", "forward") != "reverse":
        return sequence
    backwards = map(ctx.int64, ([-1], [-(2**63) + 1], [0], [-1]))
    return ctx.node("Slice", sequence, *backwards)


def initial_state(ctx: Context, param: str, count: int, hidden: int) -> Value:
    """Turn [batch, directions * hidden] into [directions, batch, hidden]."""
    split = ctx.node("Reshape", ctx.input(param), ctx.int64([0, count, hidden]))
    return ctx.node("Transpose", split, perm=[1, 0, 2])


def beside(ctx: Context, value: Value, perm: list[int], shape: list[int]) -> Value:
    """Concatenate the directions along the last dimension."""
    return ctx.node("Reshape", ctx.node("Transpose", value, perm=perm), ctx.int64(shape))
