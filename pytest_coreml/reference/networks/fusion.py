"""Layers that stand for one function together, put together before they are lowered.

Converters of TensorFlow 1 write `min(relu(x), 6)` as four layers: ReLU, times -1, at least -6, times -1. ONNX Runtime
knows a cut-off at both ends, and does it while it convolves.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from pytest_coreml.reference.networks.layer_tree import all_layers

if TYPE_CHECKING:
    from collections.abc import Sequence


def fused(layers: Sequence[Any], outputs: Sequence[str]) -> list[Any]:
    """Return the layers of a network with each such chain as one `clip`; what is in other networks stays."""
    readers = Counter(name for layer in all_layers(layers) for name in layer.input)
    readers.update(outputs)
    by_input = {layer.input[0]: layer for layer in layers if len(layer.input) == 1}
    result: list[Any] = []
    skipped: set[int] = set()
    for layer in layers:
        if id(layer) in skipped:
            continue
        chain = _chain(layer, by_input, readers)
        if chain is None:
            result.append(layer)
            continue
        skipped.update(id(part) for part in chain)
        result.append(_clip(layer, chain))
    return result


def _chain(layer: Any, by_input: dict[str, Any], readers: Counter[str]) -> list[Any] | None:
    """Return the three layers behind a ReLU that cut it off above, or None."""
    if layer.WhichOneof("layer") != "activation" or layer.activation.WhichOneof("NonlinearityType") != "ReLU":
        return None
    chain, name = [], layer.output[0]
    for matches in (_negates, _cuts, _negates):
        part = by_input.get(name)
        if part is None or readers[name] != 1 or not matches(part):
            return None
        chain.append(part)
        name = part.output[0]
    return chain


def _negates(layer: Any) -> bool:
    if layer.WhichOneof("layer") != "activation" or layer.activation.WhichOneof("NonlinearityType") != "linear":
        return False
    return bool(layer.activation.linear.alpha == -1 and layer.activation.linear.beta == 0)


def _cuts(layer: Any) -> bool:
    if layer.WhichOneof("layer") != "unary" or layer.unary.type != layer.unary.THRESHOLD:
        return False
    return bool(layer.unary.scale in (0, 1) and layer.unary.shift == 0 and layer.unary.alpha <= 0)


def _clip(layer: Any, chain: Sequence[Any]) -> Any:
    joined = type(layer)(name=layer.name, input=layer.input, output=chain[-1].output)
    joined.clip.minVal = 0
    joined.clip.maxVal = -chain[1].unary.alpha
    return joined
