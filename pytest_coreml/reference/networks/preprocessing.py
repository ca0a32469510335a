"""The preprocessing of a network's inputs before the first layer: scale and biases, or a mean image."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from pytest_coreml.reference.errors import BadModelError

if TYPE_CHECKING:
    from pytest_coreml.reference.networks.tensors import Tensor
    from pytest_coreml.reference.networks.typed_graph import TypedGraph

# ImageFeatureType.ColorSpace
_BGR = 30


def preprocessed(graph: TypedGraph, image: Tensor, steps: list[Any], color: int) -> Tensor:
    """Return an input [..., channels, height, width] after all steps; *color* is its colour space, 0 for arrays."""
    for step in steps:
        if step.WhichOneof("preprocessor") == "scaler":
            image = _scaled(graph, image, step.scaler, color)
        elif step.WhichOneof("preprocessor") == "meanImage":
            image = graph.node("Sub", image, _mean(graph, image, step.meanImage.meanImage), hint="preprocessing")
    return image


def _scaled(graph: TypedGraph, image: Tensor, scaler: Any, color: int) -> Tensor:
    # A scale that is not set is 1.
    factor = scaler.channelScale or 1.0
    if factor != 1:
        image = graph.node("Mul", image, graph.literal(np.float32(factor)), hint="preprocessing")
    biases = [scaler.redBias, scaler.greenBias, scaler.blueBias]
    channels = image.shape[-3] if image.rank >= 3 else 1
    if channels == 1:
        biases = [scaler.grayBias]
    elif color == _BGR:
        biases.reverse()
    if not any(biases) or channels != len(biases):
        return image
    return graph.node("Add", image, graph.literal(np.array(biases, np.float32).reshape(-1, 1, 1)), hint="preprocessing")


def _mean(graph: TypedGraph, image: Tensor, values: Any) -> Tensor:
    sizes = [size for size in image.shape[-3:] if size is not None]
    mean = np.array(values, np.float32)
    if mean.size != np.prod(sizes):
        raise BadModelError(f"the mean image has {mean.size} elements, expected those of {sizes}")
    return graph.constant(mean.reshape(sizes))
