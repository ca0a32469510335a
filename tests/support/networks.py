"""Small versions of well-known networks, written once over layers that numpy or MIL provide."""

from __future__ import annotations

import numpy as np


class Weights:
    """The same random weights for each walk over a network."""

    def __init__(self) -> None:
        """Begin at the seed."""
        self._random = np.random.default_rng(1)

    def matrix(self, *shape):
        """Return weights of [out, ...] that keep the size of what they are applied to, and a bias."""
        scale = np.sqrt(2 / np.prod(shape[1:]))
        return self._numbers(*shape) * np.float32(scale), self.vector(shape[0])

    def vector(self, size):
        """Return small numbers."""
        return self._numbers(size) * np.float32(0.1)

    def positive(self, size):
        """Return numbers around one."""
        return np.exp(self._numbers(size) * np.float32(0.2))

    def _numbers(self, *shape):
        return self._random.standard_normal(shape).astype(np.float32)


def _conv_norm(layers, weights, x, kernel, *, stride=1, groups=1):
    out, into, size = kernel
    weight, bias = weights.matrix(out, into // groups, size, size)
    x = layers.conv(x, weight, bias, stride=stride, pad=size // 2, groups=groups)
    return layers.batch_norm(x, weights.vector(out), weights.positive(out), weights.positive(out), weights.vector(out))


def mobile_net(layers, x):
    """MobileNetV2: inverted residuals of pointwise and depthwise convolutions; from [1, 3, 32, 32] to ten classes."""
    weights = Weights()
    x = layers.relu6(_conv_norm(layers, weights, x, (8, 3, 3), stride=2))
    channels = 8
    for out, stride in ((8, 1), (12, 2), (12, 1), (16, 2), (16, 1)):
        wide = 6 * channels
        y = layers.relu6(_conv_norm(layers, weights, x, (wide, channels, 1)))
        y = layers.relu6(_conv_norm(layers, weights, y, (wide, wide, 3), stride=stride, groups=wide))
        y = _conv_norm(layers, weights, y, (out, wide, 1))
        x = layers.add(x, y) if stride == 1 and channels == out else y
        channels = out
    return layers.linear(layers.mean_of_image(x), *weights.matrix(10, channels))


def res_net(layers, x):
    """ResNet: bottlenecks with a projected shortcut; from [1, 3, 32, 32] to ten classes."""
    weights = Weights()
    x = layers.relu(_conv_norm(layers, weights, x, (8, 3, 7), stride=2))
    x = layers.max_pool(x, 3, 2, pad=1)
    channels = 8
    for out, stride in ((16, 1), (16, 1), (32, 2), (32, 1)):
        y = layers.relu(_conv_norm(layers, weights, x, (out // 4, channels, 1)))
        y = layers.relu(_conv_norm(layers, weights, y, (out // 4, out // 4, 3), stride=stride))
        y = _conv_norm(layers, weights, y, (out, out // 4, 1))
        shortcut = x if channels == out else _conv_norm(layers, weights, x, (out, channels, 1), stride=stride)
        x = layers.relu(layers.add(y, shortcut))
        channels = out
    return layers.linear(layers.mean_of_image(x), *weights.matrix(10, channels))


def u_net(layers, x):
    """U-Net: down to a quarter and up again beside what was there; from [1, 3, 16, 16] to two maps."""
    weights = Weights()

    def double(x, into, out):
        for channels in (into, out):
            x = layers.relu(layers.conv(x, *weights.matrix(out, channels, 3, 3), pad=1))
        return x

    first = double(x, 3, 8)
    second = double(layers.max_pool(first, 2, 2), 8, 16)
    x = double(layers.max_pool(second, 2, 2), 16, 32)
    for beside, into, out in ((second, 32, 16), (first, 16, 8)):
        weight, _ = weights.matrix(into, out, 2, 2)
        x = layers.conv_transpose(x, weight, weights.vector(out))
        x = double(layers.concat([x, beside], 1), into, out)
    return layers.conv(x, *weights.matrix(2, 8, 1, 1))


def encoder(layers, ids):
    """BERT: tokens and places, then attention and feed-forward, normalized after each; ids are [1, 6]."""
    weights = Weights()
    table, places = weights.matrix(20, 16)[0], weights.matrix(6, 16)[0]
    x = layers.add(layers.rows(table, ids), places)
    for _ in range(2):
        x = _normalized(layers, weights, layers.add(x, _self_attention(layers, weights, x)))
        x = _normalized(layers, weights, layers.add(x, _feed_forward(layers, weights, x)))
    return x


def decoder(layers, ids):
    """GPT: each token sees those before it, normalized before each part; from [1, 6] to scores of twenty tokens."""
    weights = Weights()
    table, places = weights.matrix(20, 16)[0], weights.matrix(6, 16)[0]
    x = layers.add(layers.rows(table, ids), places)
    causal = np.tri(6, dtype=bool)
    for _ in range(2):
        x = layers.add(x, _self_attention(layers, weights, _normalized(layers, weights, x), causal))
        x = layers.add(x, _feed_forward(layers, weights, _normalized(layers, weights, x)))
    return layers.linear(_normalized(layers, weights, x), *weights.matrix(20, 16))


def _normalized(layers, weights, x):
    return layers.layer_norm(x, weights.positive(16), weights.vector(16))


def _feed_forward(layers, weights, x):
    return layers.linear(layers.gelu(layers.linear(x, *weights.matrix(32, 16))), *weights.matrix(16, 32))


def _self_attention(layers, weights, x, mask=None):
    heads = [
        layers.transpose(layers.reshape(layers.linear(x, *weights.matrix(16, 16)), (1, 6, 4, 4)), (0, 2, 1, 3))
        for _ in range(3)
    ]
    mixed = layers.transpose(layers.attention(*heads, mask), (0, 2, 1, 3))
    return layers.linear(layers.reshape(mixed, (1, 6, 16)), *weights.matrix(16, 16))
