"""An LSTM whose cell state is clipped, step by step: ONNX's LSTM clips what goes into its activations instead."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from pytest_coreml.reference.format.dtypes import DType
from pytest_coreml.reference.lowering.ops._recurrence import directions, steps

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_coreml.reference.graph import SubGraph, Value
    from pytest_coreml.reference.lowering.context import Context

# Node and attributes; scaled tanh has the factors one, and `linear` no node.
_ACTIVATIONS: Final[dict[str, tuple[str, dict[str, Any]]]] = {
    "hard_sigmoid": ("HardSigmoid", {"alpha": 0.2, "beta": 0.5}),
    "linear": ("Identity", {}),
    "relu": ("Relu", {}),
    "scaled_tanh": ("Tanh", {}),
    "sigmoid": ("Sigmoid", {}),
    "tanh": ("Tanh", {}),
}


def clipped_lstm(ctx: Context) -> tuple[Value, Value, Value]:
    """Lower an LSTM to a Scan for each direction."""
    ends = directions(ctx)
    starts = zip(_halves(ctx, "initial_h", len(ends)), _halves(ctx, "initial_c", len(ends)), strict=True)
    walks = [_walk(ctx, end, *start) for end, start in zip(ends, starts, strict=True)]
    last_h, last_c, sequence = (ctx.node("Concat", *parts, axis=-1) for parts in zip(*walks, strict=True))
    if not ctx.scalar("output_sequence", False):
        sequence = ctx.node("Unsqueeze", last_h, ctx.int64([0]))
    return sequence, last_h, last_c


def _halves(ctx: Context, param: str, count: int) -> Sequence[Value]:
    """Split a state into those of the directions."""
    return ctx.nodes("Split", ctx.input(param), outputs=count, axis=1, num_outputs=count)


def _walk(ctx: Context, end: str, h: Value, c: Value) -> tuple[Value, ...]:
    """Run over the time steps in one direction, and return the last states and the outputs."""
    transposed = ctx.node("Transpose", ctx.input(f"weight_ih{end}"), perm=[1, 0])
    projected = ctx.node("MatMul", steps(ctx), transposed)
    if ctx.has(f"bias{end}"):
        projected = ctx.node("Add", projected, ctx.input(f"bias{end}"))
    backward = bool(end) or ctx.scalar("direction", "forward") == "reverse"
    return ctx.nodes(
        "Scan",
        h,
        c,
        projected,
        outputs=3,
        body=_step(ctx, end),
        num_scan_inputs=1,
        scan_input_directions=[int(backward)],
        # A reverse walk gives its outputs in the order of its steps
        scan_output_directions=[int(bool(end))],
    )


def _step(ctx: Context, end: str) -> SubGraph:
    """Build the body of the Scan: from both states and the projected input to both states and the output."""
    recurrent_weight = ctx.node("Transpose", ctx.input(f"weight_hh{end}"), perm=[1, 0])
    peepholes = _peepholes(ctx, end)
    with ctx.subgraph("step") as graph:
        h, c, projected = (graph.input(hint, DType.FP32) for hint in ("h", "c", "projected"))
        gates = ctx.node("Add", projected, ctx.node("MatMul", h, recurrent_weight))
        i, f, o, z = ctx.nodes("Split", gates, outputs=4, axis=-1, num_outputs=4)
        i, f = (_gate(ctx, gate, c, peephole) for gate, peephole in zip((i, f), peepholes[:2], strict=True))
        retained = ctx.node("Mul", f, c)
        added = ctx.node("Mul", i, _activated(ctx, z, "cell_activation", "tanh"))
        bounds = (ctx.literal(sign * float(ctx.scalar("clip")), DType.FP32) for sign in (-1, 1))
        c = ctx.node("Clip", ctx.node("Add", retained, added), *bounds)
        h = ctx.node("Mul", _gate(ctx, o, c, peepholes[2]), _activated(ctx, c, "activation", "tanh"))
        for value in (h, c, h):
            graph.output(value)
    return graph


def _peepholes(ctx: Context, end: str) -> Sequence[Value | None]:
    if not ctx.has(f"peephole{end}"):
        return (None, None, None)
    return ctx.nodes("Split", ctx.input(f"peephole{end}"), outputs=3, axis=0, num_outputs=3)


def _gate(ctx: Context, gate: Value, c: Value, peephole: Value | None) -> Value:
    if peephole is not None:
        gate = ctx.node("Add", gate, ctx.node("Mul", c, peephole))
    return _activated(ctx, gate, "recurrent_activation", "sigmoid")


def _activated(ctx: Context, value: Value, param: str, default: str) -> Value:
    name = str(ctx.scalar(param, default)).lower()
    if name not in _ACTIVATIONS:
        ctx.refuse(f"with the activation {name}")
    op_type, attributes = _ACTIVATIONS[name]
    return ctx.node(op_type, value, **attributes)
