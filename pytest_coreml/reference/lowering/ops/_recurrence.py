"""What the ways to lower a recurrent network have in common: directions, and how states and outputs lie in memory."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_coreml.reference.lowering.shapes import no_smaller

if TYPE_CHECKING:
    from pytest_coreml.reference.graph import Value
    from pytest_coreml.reference.lowering.context import Context


def directions(ctx: Context) -> tuple[str, ...]:
    """Give the endings that the names of the weights of each direction have."""
    direction = str(ctx.scalar("direction", "forward"))
    if direction not in ("forward", "reverse", "bidirectional"):
        ctx.refuse(f"unknown direction {direction!r}")
    return ("", "_back") if direction == "bidirectional" else ("",)


def hidden_size(ctx: Context) -> int:
    """Give the size of the state in one direction."""
    hidden = ctx.shape("weight_hh")[1]
    if hidden is None:
        ctx.refuse("the size of the hidden state is unknown")
    return hidden


def steps(ctx: Context) -> Value:
    """Give `x`, of at least one step and one batch: with none, ONNX Runtime ends the process or forgets the states."""
    return no_smaller(ctx, ctx.input("x"), "x", {0: 1, 1: 1}, believe=False)


def in_order_of_steps(ctx: Context, sequence: Value) -> Value:
    """Put the outputs of a reverse walk into the order in which they were made, as MIL has it, and ONNX has not."""
    if ctx.scalar("direction", "forward") != "reverse":
        return sequence
    backwards = map(ctx.int64, ([-1], [-(2**63) + 1], [0], [-1]))
    return ctx.node("Slice", sequence, *backwards)


def initial_state(ctx: Context, param: str, count: int, hidden: int) -> Value:
    """Turn [batch, directions * hidden] into [directions, batch, hidden]."""
    split = ctx.node("Reshape", ctx.input(param), ctx.int64([0, count, hidden]))
    return ctx.node("Transpose", split, perm=[1, 0, 2])


def beside(ctx: Context, value: Value, perm: list[int], shape: list[int]) -> Value:
    """Bring the directions next to each other in the last dimension."""
    return ctx.node("Reshape", ctx.node("Transpose", value, perm=perm), ctx.int64(shape))
