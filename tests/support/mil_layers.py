"""The same layers as in `numpy_layers.py`, as operations of MIL."""

from __future__ import annotations

import numpy as np
from coremltools.converters.mil import Builder as mb  # noqa: N813 - the name that everybody uses


class MilLayers:
    """Each method adds one layer to the program under construction."""

    def conv(self, x, weight, bias, *, stride=1, pad=0, groups=1):
        """Add a convolution."""
        padding = {"pad_type": "custom", "pad": [pad] * 4, "strides": [stride] * 2}
        return mb.conv(x=x, weight=weight, bias=bias, groups=groups, **padding)

    def conv_transpose(self, x, weight, bias):
        """Add a transposed convolution in steps of two."""
        return mb.conv_transpose(x=x, weight=weight, bias=bias, strides=[2, 2])

    def max_pool(self, x, size, stride, pad=0):
        """Add a maximum over windows."""
        padding = {"pad_type": "custom", "pad": [pad] * 4, "strides": [stride] * 2}
        return mb.max_pool(x=x, kernel_sizes=[size] * 2, **padding)

    def batch_norm(self, x, mean, variance, gamma, beta):
        """Add a batch normalization."""
        return mb.batch_norm(x=x, mean=mean, variance=variance, gamma=gamma, beta=beta, epsilon=np.float32(1e-5))

    def layer_norm(self, x, gamma, beta):
        """Add a layer normalization."""
        return mb.layer_norm(x=x, axes=[-1], gamma=gamma, beta=beta, epsilon=np.float32(1e-5))

    def mean_of_image(self, x):
        """Add a mean over height and width."""
        return mb.reduce_mean(x=x, axes=[2, 3])

    def relu(self, x):
        """Add a relu."""
        return mb.relu(x=x)

    def relu6(self, x):
        """Add a relu6."""
        return mb.relu6(x=x)

    def gelu(self, x):
        """Add the exact form."""
        return mb.gelu(x=x, mode="EXACT")

    def attention(self, q, k, v, mask=None):
        """Add an attention."""
        options = {} if mask is None else {"attn_mask": mask}
        return mb.scaled_dot_product_attention(query=q, key=k, value=v, **options)

    def add(self, x, y):
        """Add an addition."""
        return mb.add(x=x, y=y)

    def linear(self, x, weight, bias):
        """Add a linear layer."""
        return mb.linear(x=x, weight=weight, bias=bias)

    def concat(self, xs, axis):
        """Add a concatenation."""
        return mb.concat(values=xs, axis=axis)

    def reshape(self, x, shape):
        """Add a reshape."""
        return mb.reshape(x=x, shape=shape)

    def transpose(self, x, perm):
        """Add a transpose."""
        return mb.transpose(x=x, perm=perm)

    def rows(self, table, ids):
        """Add a gather."""
        return mb.gather(x=table, indices=ids, axis=0)
