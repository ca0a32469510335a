"""An LSTM step by step, for what ONNX's own has not: a cell that is clipped, and a forget gate of 1 - input."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from pytest_coreml.reference.format.dtypes import DType
from pytest_coreml.reference.networks.tensors import Tensor

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from pytest_coreml.reference.graph import SubGraph
    from pytest_coreml.reference.networks.layer_context import LayerContext, Size


class Activation(Protocol):
    """An activation by its name in ONNX, with its numbers."""

    @property
    def name(self) -> str:
        """Its name."""

    @property
    def numbers(self) -> tuple[float, ...]:
        """Its alpha and beta, where it has them."""


@dataclass(frozen=True)
class LSTMWalk:
    """One direction: the input [steps, batch, size], and weights as ONNX's LSTM has them.

    The gates are input, output, forget and block input; *p* are peepholes of the first three.
    """

    steps: Tensor
    w: NDArray[np.float32]
    r: NDArray[np.float32]
    b: NDArray[np.float32]
    p: NDArray[np.float32] | None
    activations: Sequence[Activation]
    starts: Sequence[Tensor]
    batch: Size
    clip: float
    is_backward: bool

    @property
    def hidden(self) -> int:
        """The size of the state."""
        return int(self.r.shape[2])


# What each sum of a gate is cut off at
_GATE_CLIP = 50.0


def walk(ctx: LayerContext, lstm: LSTMWalk) -> list[Tensor]:
    """Add a Scan; return outputs aligned with the input, the last output, and the last cell."""
    bias = lstm.b[0, : 4 * lstm.hidden] + lstm.b[0, 4 * lstm.hidden :]
    projected = ctx.node("Add", ctx.node("MatMul", lstm.steps, ctx.constant(lstm.w[0].T)), ctx.constant(bias))
    shape = ctx.vector([lstm.batch, lstm.hidden])
    zero = np.zeros(1, np.float32)
    states = [ctx.reshape(start, [lstm.batch, lstm.hidden]) for start in lstm.starts] or [
        ctx.node("ConstantOfShape", shape, value=zero) for _ in range(2)
    ]
    values = ctx.lowering.builder.current.node(
        "Scan",
        [states[0].value, states[1].value, projected.value],
        outputs=3,
        hint=ctx.hint,
        body=_step(ctx, lstm),
        num_scan_inputs=1,
        scan_input_directions=[int(lstm.is_backward)],
        scan_output_directions=[int(lstm.is_backward)],
    )
    batch = lstm.steps.shape[1]
    state = (batch, lstm.hidden)
    last, cell = (Tensor(value, DType.FP32, state) for value in values[:2])
    return [Tensor(values[2], DType.FP32, (lstm.steps.shape[0], *state)), last, cell]


def _step(ctx: LayerContext, lstm: LSTMWalk) -> SubGraph:
    """Make the body: from output, cell and projected input to output, cell and output."""
    recursion = ctx.constant(lstm.r[0].T)
    peepholes: list[Any] = [None] * 3
    if lstm.p is not None:
        peepholes = [ctx.constant(part) for part in np.split(lstm.p[0], 3)]
    gate, block, output = lstm.activations
    with ctx.lowering.builder.subgraph("step") as graph:
        batch = lstm.steps.shape[1]
        h, c = (ctx.lowering.graph.input(hint, DType.FP32, (batch, lstm.hidden)) for hint in ("h", "c"))
        sums = ctx.lowering.graph.input("projected", DType.FP32, (batch, 4 * lstm.hidden))
        sums = ctx.node("Add", sums, ctx.node("MatMul", h, recursion))
        i, o, f, z = ctx.nodes("Split", sums, ctx.int64([lstm.hidden] * 4), outputs=4, axis=-1)
        i = _gate(ctx, i, c, peepholes[0], gate)
        if ctx.params.params.coupledInputAndForgetGate:
            f = ctx.node("Sub", ctx.number(1), i)
        else:
            f = _gate(ctx, f, c, peepholes[2], gate)
        z = _activated(ctx, _clipped(ctx, z, _GATE_CLIP), block)
        c = _clipped(ctx, ctx.node("Add", ctx.node("Mul", f, c), ctx.node("Mul", i, z)), lstm.clip)
        h = ctx.node("Mul", _gate(ctx, o, c, peepholes[1], gate), _activated(ctx, c, output))
        for tensor in (h, c, h):
            graph.output(tensor.value)
    return graph


def _gate(ctx: LayerContext, sums: Tensor, c: Tensor, peephole: Tensor | None, activation: Activation) -> Tensor:
    if peephole is not None:
        sums = ctx.node("Add", sums, ctx.node("Mul", c, peephole))
    return _activated(ctx, _clipped(ctx, sums, _GATE_CLIP), activation)


def _clipped(ctx: LayerContext, x: Tensor, limit: float) -> Tensor:
    return ctx.node("Clip", x, ctx.number(-limit), ctx.number(limit))


def _activated(ctx: LayerContext, x: Tensor, activation: Activation) -> Tensor:
    name, numbers = activation.name, activation.numbers
    if name == "Affine":
        return ctx.node("Add", ctx.node("Mul", x, ctx.number(numbers[0])), ctx.number(numbers[1]))
    if name == "ScaledTanh":
        return ctx.node("Mul", ctx.node("Tanh", ctx.node("Mul", x, ctx.number(numbers[1]))), ctx.number(numbers[0]))
    return ctx.node(name, x, **dict(zip(("alpha", "beta"), numbers, strict=False)))
