"""A forward pass through the layers of a neural network in double precision, written from the format's definition.

It has the layers of the real networks of tests only; another one is an error.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy_layers import convolve

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.float64]

_MAX_POOLING = 0
_THRESHOLD = 7
_BILINEAR = 1


def forward(network: Any, values: dict[str, Array]) -> dict[str, Array]:
    """Return all values of a network, from those of its inputs [batch, channels, height, width]."""
    values = dict(values)
    for layer in network.layers:
        kind = layer.WhichOneof("layer")
        inputs = [values[name] for name in layer.input]
        values[layer.output[0]] = _LAYERS[kind](getattr(layer, kind), *inputs)
    return values


def _numbers(weights: Any) -> Array:
    return np.array(weights.floatValue, np.float64)


def _same(size: int, kernel: int, stride: int) -> tuple[int, int]:
    """Return the padding on both sides for which an output has a number for each stride; the larger one is behind."""
    total = max(0, (-(-size // stride) - 1) * stride + kernel - size)
    return total // 2, total - total // 2


def _convolution(layer: Any, x: Array) -> Array:
    assert not layer.isDeconvolution
    kernel, strides = tuple(layer.kernelSize), tuple(layer.stride) or (1, 1)
    pads = [0] * 4
    if layer.WhichOneof("ConvolutionPaddingType") == "same":
        pads = [pad for axis in (0, 1) for pad in _same(x.shape[axis + 2], kernel[axis], strides[axis])]
    weight = _numbers(layer.weights).reshape(layer.outputChannels, layer.kernelChannels, *kernel)
    bias = _numbers(layer.bias) if layer.hasBias else np.zeros(layer.outputChannels)
    dilations, groups = tuple(layer.dilationFactor) or (1, 1), max(1, layer.nGroups)
    return convolve(x, weight, bias, strides=strides, pads=pads, dilations=dilations, groups=groups)


def _batchnorm(layer: Any, x: Array) -> Array:
    assert not layer.computeMeanVar
    gamma, beta, mean, variance = (
        _numbers(part).reshape(-1, 1, 1) for part in (layer.gamma, layer.beta, layer.mean, layer.variance)
    )
    return (x - mean) / np.sqrt(variance + layer.epsilon) * gamma + beta


def _activation(layer: Any, x: Array) -> Array:
    kind = layer.WhichOneof("NonlinearityType")
    if kind == "linear":
        return layer.linear.alpha * x + layer.linear.beta
    slope = {"ReLU": 0.0, "leakyReLU": layer.leakyReLU.alpha}[kind]
    return np.where(x < 0, slope * x, x)


def _unary(layer: Any, x: Array) -> Array:
    assert layer.type == _THRESHOLD
    return np.maximum(layer.scale * x + layer.shift, layer.alpha)


def _add(layer: Any, *inputs: Array) -> Array:
    return sum(inputs[1:], inputs[0]) if len(inputs) > 1 else inputs[0] + layer.alpha


def _pooling(layer: Any, x: Array) -> Array:
    assert layer.type == _MAX_POOLING
    assert layer.WhichOneof("PoolingPaddingType") == "same"
    kernel, (down, across) = tuple(layer.kernelSize), layer.stride
    pads = [_same(size, k, s) for size, k, s in zip(x.shape[2:], kernel, layer.stride, strict=True)]
    padded = np.pad(x, [(0, 0), (0, 0), *pads], constant_values=-np.inf)
    windows = np.lib.stride_tricks.sliding_window_view(padded, kernel, (2, 3))[:, :, ::down, ::across]
    return windows.max((-2, -1))


def _upsample(layer: Any, x: Array) -> Array:
    assert layer.mode == _BILINEAR
    for axis, factor in zip((2, 3), layer.scalingFactor, strict=True):
        last = x.shape[axis] - 1
        place = np.minimum(np.arange(x.shape[axis] * factor) / factor, last)
        low = place.astype(int)
        share = (place - low).reshape([-1 if other == axis else 1 for other in range(4)])
        x = x.take(low, axis) * (1 - share) + x.take(np.minimum(low + 1, last), axis) * share
    return x


_LAYERS = {
    "convolution": _convolution,
    "batchnorm": _batchnorm,
    "activation": _activation,
    "unary": _unary,
    "add": _add,
    "pooling": _pooling,
    "upsample": _upsample,
}
