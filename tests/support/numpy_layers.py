"""Layers in plain numpy, in double precision: convolutions of every form, and the layers of whole networks."""

from __future__ import annotations

import math

import numpy as np

_ERF = np.vectorize(math.erf)


def convolve(x, weight, bias, *, strides, pads, dilations, groups):
    """Return the convolution of *x* [batch, channels, *spatial], with *pads* before and after each axis in turn."""
    padded = np.pad(x, [(0, 0), (0, 0), *zip(pads[0::2], pads[1::2], strict=True)])
    reach = [(k - 1) * d + 1 for k, d in zip(weight.shape[2:], dilations, strict=True)]
    sizes = [(n - span) // s + 1 for n, span, s in zip(padded.shape[2:], reach, strides, strict=True)]
    grouped = padded.reshape(len(x), groups, -1, *padded.shape[2:])
    kernels = weight.reshape(groups, -1, *weight.shape[1:])
    result = np.zeros((len(x), groups, kernels.shape[1], *sizes))
    for tap in np.ndindex(weight.shape[2:]):
        window = grouped[(..., *_strided(tap, sizes, strides, dilations))]
        result += np.einsum("ngi...,goi->ngo...", window, kernels[(..., *tap)])
    return result.reshape(len(x), len(weight), *sizes) + np.reshape(bias, (-1, *[1] * len(sizes)))


def convolve_transposed(x, weight, *, strides, dilations, groups):
    """Return the whole transposed convolution of *x* [batch, channels, *spatial], with nothing cut off."""
    sizes, kernel = x.shape[2:], weight.shape[2:]
    grouped = x.reshape(len(x), groups, -1, *sizes)
    kernels = weight.reshape(groups, -1, *weight.shape[1:])
    shape = [(n - 1) * s + (k - 1) * d + 1 for n, s, k, d in zip(sizes, strides, kernel, dilations, strict=True)]
    result = np.zeros((len(x), groups, weight.shape[1], *shape))
    for tap in np.ndindex(kernel):
        target = result[(..., *_strided(tap, sizes, strides, dilations))]
        target += np.einsum("ngi...,gio->ngo...", grouped, kernels[(..., *tap)])
    return result.reshape(len(x), -1, *shape)


def _strided(tap, sizes, strides, dilations):
    """Return the slices of the large image that one element of the kernel meets, one for each axis."""
    starts = [t * d for t, d in zip(tap, dilations, strict=True)]
    return [slice(b, b + (n - 1) * s + 1, s) for b, n, s in zip(starts, sizes, strides, strict=True)]


class NumpyLayers:
    """Each method is one layer, written from its definition; images are [batch, channels, height, width]."""

    def conv(self, x, weight, bias, *, stride=1, pad=0, groups=1):
        """Slide windows over the image, one group of channels at a time."""
        padded = np.pad(x, [(0, 0), (0, 0), (pad, pad), (pad, pad)])
        windows = np.lib.stride_tricks.sliding_window_view(padded, weight.shape[2:], (2, 3))[:, :, ::stride, ::stride]
        halves = zip(np.split(windows, groups, 1), np.split(weight, groups), strict=True)
        outputs = [np.einsum("nchwij,ocij->nohw", part, kernel, optimize=True) for part, kernel in halves]
        return np.concatenate(outputs, 1) + bias[:, None, None]

    def conv_transpose(self, x, weight, bias):
        """Double the size: a kernel of two by two in steps of two, without overlap."""
        n, _, h, w = x.shape
        blocks = np.einsum("nchw,coij->nohiwj", x, weight, optimize=True)
        return blocks.reshape(n, weight.shape[1], 2 * h, 2 * w) + bias[:, None, None]

    def max_pool(self, x, size, stride, pad=0):
        """Take the largest number of each window."""
        padded = np.pad(x, [(0, 0), (0, 0), (pad, pad), (pad, pad)], constant_values=-np.inf)
        windows = np.lib.stride_tricks.sliding_window_view(padded, (size, size), (2, 3))
        return windows[:, :, ::stride, ::stride].max((-1, -2))

    def batch_norm(self, x, mean, variance, gamma, beta):
        """Normalize each channel by given statistics."""
        mean, variance, gamma, beta = (vector[:, None, None] for vector in (mean, variance, gamma, beta))
        return (x - mean) / np.sqrt(variance + 1e-5) * gamma + beta

    def layer_norm(self, x, gamma, beta):
        """Normalize the last dimension by its own statistics."""
        return (x - x.mean(-1, keepdims=True)) / np.sqrt(x.var(-1, keepdims=True) + 1e-5) * gamma + beta

    def mean_of_image(self, x):
        """Average each channel."""
        return x.mean((2, 3))

    def relu(self, x):
        """Keep what is positive."""
        return np.maximum(x, 0)

    def relu6(self, x):
        """Keep what lies between zero and six."""
        return np.clip(x, 0, 6)

    def gelu(self, x):
        """Weigh by the normal distribution."""
        return x * (1 + _ERF(x / math.sqrt(2))) / 2

    def softmax(self, x):
        """Make the last dimension a distribution."""
        exps = np.exp(x - x.max(-1, keepdims=True))
        return exps / exps.sum(-1, keepdims=True)

    def attention(self, q, k, v, mask=None):
        """Mix values by how much queries and keys agree."""
        scores = q @ np.swapaxes(k, -1, -2) / math.sqrt(q.shape[-1])
        return self.softmax(scores if mask is None else np.where(mask, scores, -np.inf)) @ v

    def add(self, x, y):
        """Add."""
        return x + y

    def linear(self, x, weight, bias):
        """Multiply by a matrix of [out, in]."""
        return x @ weight.T + bias

    def concat(self, xs, axis):
        """Put one after the other."""
        return np.concatenate(xs, axis)

    def reshape(self, x, shape):
        """Return another shape."""
        return x.reshape(shape)

    def transpose(self, x, perm):
        """Permute the dimensions."""
        return x.transpose(perm)

    def rows(self, table, ids):
        """Look rows up."""
        return table[ids]
