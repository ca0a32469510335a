"""Recurrent networks (`recurrent.py` of coremltools): the LSTM."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from pytest_coreml.reference.dtypes import DType
from pytest_coreml.reference.graph import NOTHING
from pytest_coreml.reference.lowering.registry import lowers

if TYPE_CHECKING:
    from pytest_coreml.reference.graph import Value
    from pytest_coreml.reference.lowering.context import Context

_ACTIVATIONS: Final = {"sigmoid": "Sigmoid", "tanh": "Tanh", "relu": "Relu"}
# MIL stacks the gates input, forget, output, cell; ONNX input, output, forget, cell.
_GATES: Final = (0, 2, 1, 3)


@lowers("lstm")
def lstm(ctx: Context) -> tuple[Value, Value, Value]:
    """Lower an LSTM over [time, batch, input], in one direction or both."""
    if ctx.has("peephole"):
        ctx.refuse("with peepholes")
    direction = str(ctx.scalar("direction", "forward"))
    directions = 2 if direction == "bidirectional" else 1
    suffixes = ("", "_back")[:directions]
    hidden = ctx.shape("weight_hh")[1]
    if hidden is None:
        ctx.refuse("the size of the hidden state is unknown")
    weights = [_stacked(ctx, [_gates(ctx, f"{name}{end}") for end in suffixes]) for name in ("weight_ih", "weight_hh")]
    states = [_initial(ctx, name, directions, hidden) for name in ("initial_h", "initial_c")]
    sequence, last_h, last_c = ctx.nodes(
        "LSTM",
        ctx.input("x"),
        *weights,
        _bias(ctx, suffixes, hidden),
        NOTHING,
        *states,
        outputs=3,
        direction=direction,
        hidden_size=hidden,
        activations=_activations(ctx) * directions,
        clip=float(ctx.scalar("clip")) if ctx.has("clip") else None,
    )
    last_h, last_c = (_beside(ctx, value, [1, 0, 2], [0, -1]) for value in (last_h, last_c))
    if ctx.scalar("output_sequence", False):
        return _beside(ctx, sequence, [0, 2, 1, 3], [0, 0, -1]), last_h, last_c
    return ctx.node("Unsqueeze", last_h, ctx.int64([0])), last_h, last_c


def _activations(ctx: Context) -> list[str]:
    defaults = {"recurrent_activation": "sigmoid", "cell_activation": "tanh", "activation": "tanh"}
    names = [str(ctx.scalar(param, default)) for param, default in defaults.items()]
    if any(name not in _ACTIVATIONS for name in names):
        ctx.refuse(f"with activations {', '.join(names)}")
    return [_ACTIVATIONS[name] for name in names]


def _gates(ctx: Context, param: str) -> Value:
    """Put the gates of a weight or bias into ONNX's order; ONNX Runtime folds this into the constant."""
    gates = ctx.nodes("Split", ctx.input(param), outputs=4, axis=0, num_outputs=4)
    return ctx.node("Concat", *[gates[index] for index in _GATES], axis=0)


def _stacked(ctx: Context, values: list[Value]) -> Value:
    """Put the directions along a new first axis."""
    return ctx.node("Concat", *[ctx.node("Unsqueeze", value, ctx.int64([0])) for value in values], axis=0)


def _bias(ctx: Context, suffixes: tuple[str, ...], hidden: int) -> Value:
    """Give one bias a direction; ONNX wants a second one, which is zero."""
    if not ctx.has("bias"):
        return NOTHING
    zeros = ctx.literal([0.0] * 4 * hidden, DType.FP32)
    return _stacked(ctx, [ctx.node("Concat", _gates(ctx, f"bias{end}"), zeros, axis=0) for end in suffixes])


def _initial(ctx: Context, param: str, directions: int, hidden: int) -> Value:
    """Turn [batch, directions * hidden] into [directions, batch, hidden]."""
    split = ctx.node("Reshape", ctx.input(param), ctx.int64([0, directions, hidden]))
    return ctx.node("Transpose", split, perm=[1, 0, 2])


def _beside(ctx: Context, value: Value, perm: list[int], shape: list[int]) -> Value:
    """Bring the directions next to each other in the last dimension."""
    return ctx.node("Reshape", ctx.node("Transpose", value, perm=perm), ctx.int64(shape))
