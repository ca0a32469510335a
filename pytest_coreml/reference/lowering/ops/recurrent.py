"""Recurrent networks over [time, batch, input] (`recurrent.py` of coremltools, iOS 15 to 18)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from pytest_coreml.reference.format.dtypes import DType
from pytest_coreml.reference.graph import NOTHING
from pytest_coreml.reference.lowering.ops._clipped_lstm import clipped_lstm
from pytest_coreml.reference.lowering.ops._recurrence import (
    beside,
    directions,
    hidden_size,
    in_order_of_steps,
    initial_state,
    steps,
)
from pytest_coreml.reference.lowering.registry import lowers

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_coreml.reference.graph import Value
    from pytest_coreml.reference.lowering.context import Context

# The name in ONNX, and alpha and beta where it has them; those of MIL are fixed.
_ACTIVATIONS: Final[dict[str, tuple[str, list[float]]]] = {
    "hard_sigmoid": ("HardSigmoid", [0.2, 0.5]),
    "linear": ("Affine", [1.0, 0.0]),
    "relu": ("Relu", []),
    "scaled_tanh": ("ScaledTanh", [1.0, 1.0]),
    "sigmoid": ("Sigmoid", []),
    "sigmoid_hard": ("HardSigmoid", [0.2, 0.5]),
    "tanh": ("Tanh", []),
}
# Where ONNX's gates are among MIL's: an LSTM stacks input, forget, output, cell there, and input, output, forget, cell
# in ONNX; a GRU reset, new, update there, and update, reset, new in ONNX.
_LSTM_GATES: Final = (0, 2, 1, 3)
_LSTM_PEEPHOLES: Final = (0, 2, 1)
_GRU_GATES: Final = (2, 0, 1)


@lowers("rnn")
def rnn(ctx: Context) -> tuple[Value, Value]:
    """Lower `h = activation(W x + R h + b)`."""
    sequence, last = _unroll(ctx, "RNN", (0,), _activations(ctx, {"activation": "tanh"}))
    return sequence, last


@lowers("gru")
def gru(ctx: Context) -> tuple[Value, Value]:
    """Lower a GRU; the reset gate is applied to the state, or with `reset_after` to its product with the weights."""
    activations = _activations(ctx, {"recurrent_activation": "sigmoid", "activation": "tanh"})
    after = bool(ctx.scalar("reset_after", False))
    sequence, last = _unroll(ctx, "GRU", _GRU_GATES, activations, linear_before_reset=after)
    return sequence, last


@lowers("lstm")
def lstm(ctx: Context) -> tuple[Value, Value, Value]:
    """Lower an LSTM in one direction or both."""
    if ctx.has("clip"):
        return clipped_lstm(ctx)
    defaults = {"recurrent_activation": "sigmoid", "cell_activation": "tanh", "activation": "tanh"}
    sequence, last_h, last_c = _unroll(ctx, "LSTM", _LSTM_GATES, _activations(ctx, defaults))
    return sequence, last_h, last_c


def _unroll(
    ctx: Context, op_type: str, order: Sequence[int], activations: dict[str, Any], **attributes: Any
) -> list[Value]:
    """Add the recurrent node; return the outputs over time, or the last one, and the last states."""
    suffixes = directions(ctx)
    hidden = hidden_size(ctx)
    states = ["initial_h", "initial_c"] if op_type == "LSTM" else ["initial_h"]
    weights = [
        _stacked(ctx, [_gates(ctx, f"{name}{end}", order) for end in suffixes]) for name in ("weight_ih", "weight_hh")
    ]
    attributes.update({name: values * len(suffixes) or None for name, values in activations.items()})
    peephole = [_gates(ctx, f"peephole{end}", _LSTM_PEEPHOLES) for end in suffixes if ctx.has(f"peephole{end}")]
    sequence, *last = ctx.nodes(
        op_type,
        steps(ctx),
        *weights,
        _biases(ctx, suffixes, order, hidden),
        NOTHING,
        *[initial_state(ctx, name, len(suffixes), hidden) for name in states],
        _stacked(ctx, peephole) if peephole else NOTHING,
        outputs=1 + len(states),
        direction=str(ctx.scalar("direction", "forward")),
        hidden_size=hidden,
        **attributes,
    )
    last = [beside(ctx, value, [1, 0, 2], [0, -1]) for value in last]
    if not ctx.scalar("output_sequence", False):
        return [ctx.node("Unsqueeze", last[0], ctx.int64([0])), *last]
    return [in_order_of_steps(ctx, beside(ctx, sequence, [0, 2, 1, 3], [0, 0, -1])), *last]


def _activations(ctx: Context, defaults: dict[str, str]) -> dict[str, Any]:
    """Return the attributes that name the activations, in ONNX's order."""
    names = [str(ctx.scalar(param, default)).lower() for param, default in defaults.items()]
    if any(name not in _ACTIVATIONS for name in names):
        ctx.refuse(f"with activations {', '.join(names)}")
    numbers = [_ACTIVATIONS[name][1] for name in names if _ACTIVATIONS[name][1]]
    return {
        "activations": [_ACTIVATIONS[name][0] for name in names],
        "activation_alpha": [alpha for alpha, _ in numbers],
        "activation_beta": [beta for _, beta in numbers],
    }


def _gates(ctx: Context, param: str, order: Sequence[int]) -> Value:
    """Reorder the gates of a weight or bias for ONNX; ONNX Runtime folds this into the constant."""
    if len(order) == 1:
        return ctx.input(param)
    gates = ctx.nodes("Split", ctx.input(param), outputs=len(order), axis=0, num_outputs=len(order))
    return ctx.node("Concat", *[gates[index] for index in order], axis=0)


def _stacked(ctx: Context, values: list[Value]) -> Value:
    """Stack the directions along a new first axis."""
    return ctx.node("Concat", *[ctx.node("Unsqueeze", value, ctx.int64([0])) for value in values], axis=0)


def _biases(ctx: Context, suffixes: tuple[str, ...], order: Sequence[int], hidden: int) -> Value:
    """Return the biases of input and state of each direction; a single bias for both becomes that of the state."""
    if not ctx.has("bias") and not ctx.has("input_bias"):
        return NOTHING
    zeros = ctx.literal([0.0] * len(order) * hidden, DType.FP32)
    return _stacked(
        ctx,
        [
            ctx.node(
                "Concat",
                *[_gates(ctx, name, order) if ctx.has(name) else zeros for name in (f"input_bias{end}", f"bias{end}")],
                axis=0,
            )
            for end in suffixes
        ],
    )
