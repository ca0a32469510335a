"""Recurrent layers over [sequence, batch, size, 1, 1].

Outputs stay in the order of the walk: those of a layer that reads its input backwards begin with the last step. The
backward half of a bidirectional layer is aligned with the input.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from pytest_coreml.reference.errors import BadModelError
from pytest_coreml.reference.networks.layer_registry import lowers
from pytest_coreml.reference.networks.layers._lstm_walk import LSTMWalk, walk

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from pytest_coreml.reference.networks.layer_context import LayerContext
    from pytest_coreml.reference.networks.tensors import Blob, Tensor

# The name in ONNX, and alpha and beta where they are not set: builders leave the numbers of activations out.
_ACTIVATIONS: Final[dict[str, tuple[str, tuple[float, ...]]]] = {
    "linear": ("Affine", (1.0, 0.0)),
    "ReLU": ("Relu", ()),
    "leakyReLU": ("LeakyRelu", (0.3,)),
    "tanh": ("Tanh", ()),
    "scaledTanh": ("ScaledTanh", (1.0, 1.0)),
    "sigmoid": ("Sigmoid", ()),
    "sigmoidHard": ("HardSigmoid", (0.2, 0.5)),
    "ELU": ("Elu", (1.0,)),
    "softsign": ("Softsign", ()),
    "softplus": ("Softplus", ()),
}
# Sums of gates beyond this are cut off, and so is the cell where nothing else is said.
_CLIP: Final = 50.0


@dataclass(frozen=True)
class Activation:
    """An activation by its name in ONNX, with its numbers."""

    name: str
    numbers: tuple[float, ...]


def _activations(ctx: LayerContext, messages: Sequence[Any], count: int) -> list[Activation]:
    if len(messages) != count:
        raise BadModelError(f"has {len(messages)} activations, expected {count}")
    return [_activation(ctx, message) for message in messages]


def _activation(ctx: LayerContext, message: Any) -> Activation:
    kind = message.WhichOneof("NonlinearityType")
    if kind not in _ACTIVATIONS:
        ctx.refuse(f"with the activation {kind}")
    name, defaults = _ACTIVATIONS[kind]
    numbers = getattr(message, kind)
    given = tuple(float(getattr(numbers, field)) for field in ("alpha", "beta")[: len(defaults)])
    return Activation(name, given if any(given) else defaults)


def _attributes(activations: Sequence[Activation]) -> dict[str, Any]:
    """Return the attributes that name activations; ONNX has one list of all alphas and one of all betas."""
    alphas = [activation.numbers[0] for activation in activations if activation.numbers]
    betas = [activation.numbers[1] for activation in activations if len(activation.numbers) > 1]
    names = [activation.name for activation in activations]
    return {"activations": names, "activation_alpha": alphas or None, "activation_beta": betas or None}


class _Data:
    """The input of a recurrent layer, and how its outputs become blobs."""

    def __init__(self, ctx: LayerContext, states: int) -> None:
        """Read the inputs: the data, and *states* initial states or none."""
        self.ctx = ctx
        params = ctx.params
        blob = ctx.blob()
        if blob.rank != 5:
            raise BadModelError(f"has an input of rank {blob.rank}, expected 5: [sequence, batch, size, 1, 1]")
        self.hidden, self.size = int(params.outputVectorSize), int(params.inputVectorSize)
        whole = ctx.whole(blob)
        sequence, self.batch = ctx.sizes(whole)[:2]
        self.steps = ctx.reshape(whole, [sequence, self.batch, self.size])
        if ctx.count not in (1, 1 + states):
            raise BadModelError(f"has {ctx.count} inputs, expected 1 or {1 + states}")
        self.starts = [self._start(index) for index in range(1, ctx.count)]

    def _start(self, index: int) -> Tensor:
        """Return an initial state as [1, batch, hidden], whatever shape it has."""
        return self.ctx.reshape(self.ctx.x(index), [1, self.batch, self.hidden])

    def sequence(self, outputs: Tensor, width: int) -> Blob:
        """Return outputs of all steps, in any shape of sequence, batch and width, as a blob."""
        return self.ctx.from_whole(self.ctx.reshape(outputs, [None, self.batch, width, 1, 1]))

    def state(self, last: Tensor) -> Blob:
        """Return a last state as a blob."""
        return self.ctx.from_whole(self.ctx.reshape(last, [1, self.batch, self.hidden, 1, 1]))


def _stacked(ctx: LayerContext, matrices: Sequence[Any], columns: int, hidden: int, what: str) -> NDArray[np.float32]:
    return np.concatenate([ctx.decode(matrix, [hidden, columns], what) for matrix in matrices])[None]


def _biases(ctx: LayerContext, vectors: Sequence[Any], hidden: int) -> NDArray[np.float32]:
    """Return the biases of the input; those of the state are zeros."""
    given = np.concatenate([ctx.decode(vector, [hidden], "the bias") for vector in vectors])
    both: NDArray[np.float32] = np.concatenate([given, np.zeros_like(given)])[None]
    return both


def _in_order(ctx: LayerContext, outputs: Tensor) -> Tensor:
    """Turn the outputs of a backward walk, which ONNX aligns with the input."""
    return ctx.cut(outputs, 0, -1, -(2**31), -1) if ctx.params.reverseInput else outputs


@dataclass(frozen=True)
class _Direction:
    """One direction of an LSTM."""

    weights: Any
    activations: Sequence[Activation]
    starts: Sequence[Tensor]
    is_backward: bool


@lowers("simpleRecurrent")
def simple_recurrent(ctx: LayerContext) -> list[Blob]:
    """Lower `h = f(W x + R h + b)`."""
    params = ctx.params
    data = _Data(ctx, 1)
    bias = ctx.constant(_biases(ctx, [params.biasVector], data.hidden)) if params.hasBiasVector else None
    outputs, last = ctx.nodes(
        "RNN",
        data.steps,
        ctx.constant(_stacked(ctx, [params.weightMatrix], data.size, data.hidden, "the weight matrix")),
        ctx.constant(_stacked(ctx, [params.recursionMatrix], data.hidden, data.hidden, "the recursion matrix")),
        bias,
        None,
        *data.starts,
        outputs=2,
        hidden_size=data.hidden,
        direction="reverse" if params.reverseInput else "forward",
        **_attributes(_activations(ctx, [params.activation], 1)),
    )
    return _ended(ctx, data, outputs, [last])


@lowers("gru")
def gru(ctx: LayerContext) -> list[Blob]:
    """Lower a GRU, whose reset gate comes before the recursion matrix."""
    params = ctx.params
    data = _Data(ctx, 1)
    gates = ("update", "reset", "output")
    weights, recursion, biases = (
        [getattr(params, f"{gate}Gate{kind}") for gate in gates]
        for kind in ("WeightMatrix", "RecursionMatrix", "BiasVector")
    )
    outputs, last = ctx.nodes(
        "GRU",
        data.steps,
        ctx.constant(_stacked(ctx, weights, data.size, data.hidden, "a weight matrix")),
        ctx.constant(_stacked(ctx, recursion, data.hidden, data.hidden, "a recursion matrix")),
        ctx.constant(_biases(ctx, biases, data.hidden)) if params.hasBiasVectors else None,
        None,
        *data.starts,
        outputs=2,
        hidden_size=data.hidden,
        direction="reverse" if params.reverseInput else "forward",
        **_attributes(_activations(ctx, params.activations, 2)),
    )
    return _ended(ctx, data, outputs, [last])


def _ended(ctx: LayerContext, data: _Data, outputs: Tensor, last: Sequence[Tensor]) -> list[Blob]:
    """Return all outputs, or the last one, and then the last states."""
    states = [data.state(value) for value in last]
    is_sequence = getattr(ctx.params, "params", ctx.params).sequenceOutput
    return [data.sequence(_in_order(ctx, outputs), data.hidden) if is_sequence else states[0], *states]


@lowers("uniDirectionalLSTM")
def lstm(ctx: LayerContext) -> list[Blob]:
    """Lower an LSTM in one direction."""
    params = ctx.params
    data = _Data(ctx, 2)
    activations = _activations(ctx, params.activations, 3)
    direction = _Direction(params.weightParams, activations, data.starts, params.reverseInput)
    outputs, *last = _walk(ctx, data, direction)
    return _ended(ctx, data, outputs, last)


@lowers("biDirectionalLSTM")
def bidirectional_lstm(ctx: LayerContext) -> list[Blob]:
    """Lower two LSTMs, one of which reads the input backwards; their outputs are side by side."""
    params = ctx.params
    data = _Data(ctx, 4)
    if len(params.weightParams) != 2:
        raise BadModelError(f"has {len(params.weightParams)} sets of weights, expected 2")
    directions = (params.activationsForwardLSTM, params.activationsBackwardLSTM)
    walks = []
    for index, messages in enumerate(directions):
        starts = data.starts[2 * index : 2 * index + 2]
        activations = _activations(ctx, messages, 3)
        walks.append(_walk(ctx, data, _Direction(params.weightParams[index], activations, starts, bool(index))))
    states = [data.state(value) for walked in walks for value in walked[1:]]
    parts = [walked[0] for walked in walks]
    if not params.params.sequenceOutput:
        parts = [walked[1] for walked in walks]
    flat = [ctx.reshape(part, [None, data.batch, data.hidden]) for part in parts]
    return [data.sequence(ctx.node("Concat", *flat, axis=-1), 2 * data.hidden), *states]


_GATES: Final = ("inputGate", "outputGate", "forgetGate", "blockInput")


def _walk(ctx: LayerContext, data: _Data, direction: _Direction) -> list[Tensor]:
    """Add the nodes of one direction; return outputs aligned with the input, the last output, and the last cell."""
    options, weights, activations = ctx.params.params, direction.weights, direction.activations
    starts: list[Tensor | None] = [*direction.starts] or [None, None]
    w, r = (
        _stacked(ctx, [getattr(weights, f"{gate}{kind}") for gate in _GATES], columns, data.hidden, "a matrix")
        for kind, columns in (("WeightMatrix", data.size), ("RecursionMatrix", data.hidden))
    )
    b = np.zeros([1, 8 * data.hidden], np.float32)
    if options.hasBiasVectors:
        b = _biases(ctx, [getattr(weights, f"{gate}BiasVector") for gate in _GATES], data.hidden)
    if options.forgetBias:
        b[0, 2 * data.hidden : 3 * data.hidden] += 1
    p = None
    if options.hasPeepholeVectors:
        vectors = [getattr(weights, f"{gate}PeepholeVector") for gate in _GATES[:3]]
        p = np.concatenate([ctx.decode(vector, [data.hidden], "a peephole") for vector in vectors])[None]
    clip = options.cellClipThreshold or _CLIP
    saturating = {"Sigmoid", "HardSigmoid", "Tanh"}
    if options.coupledInputAndForgetGate or clip < _CLIP or activations[1].name not in saturating:
        return walk(
            ctx,
            LSTMWalk(data.steps, w, r, b, p, activations, direction.starts, data.batch, clip, direction.is_backward),
        )
    return ctx.nodes(
        "LSTM",
        data.steps,
        *map(ctx.constant, (w, r, b)),
        None,
        *(starts or (None, None)),
        ctx.constant(p) if p is not None else None,
        outputs=3,
        hidden_size=data.hidden,
        direction="reverse" if direction.is_backward else "forward",
        **_attributes(activations),
    )
