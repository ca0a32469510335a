"""Tensors without dimensions, of five, and without elements, through every operation that takes them, against numpy."""

from __future__ import annotations

import math

import numpy as np
import pytest
from coremltools.converters.mil import Builder as mb  # noqa: N813 - the name that everybody uses
from coremltools.converters.mil.mil import get_new_symbol
from one_op import run_op

ELEMENTWISE = {
    "abs": np.abs,
    "atan": np.arctan,
    "ceil": np.ceil,
    "cos": np.cos,
    "erf": np.vectorize(math.erf, otypes=[np.float32]),
    "exp": np.exp,
    "exp2": np.exp2,
    "floor": np.floor,
    "inverse": lambda x: 1 / (x + 1e-4),
    "log": np.log,
    "relu": lambda x: np.maximum(x, 0),
    "relu6": lambda x: np.clip(x, 0, 6),
    "round": np.round,
    "rsqrt": lambda x: 1 / np.sqrt(x),
    "sigmoid": lambda x: 1 / (1 + np.exp(-x)),
    "sign": np.sign,
    "silu": lambda x: x / (1 + np.exp(-x)),
    "softsign": lambda x: x / (1 + np.abs(x)),
    "sqrt": np.sqrt,
    "square": np.square,
    "tanh": np.tanh,
}
BINARY = {
    "add": np.add,
    "floor_div": np.floor_divide,
    "maximum": np.maximum,
    "minimum": np.minimum,
    "mod": np.mod,
    "mul": np.multiply,
    "pow": np.power,
    "real_div": np.true_divide,
    "sub": np.subtract,
}
NO_ELEMENTS, OF_RANK_5 = (0, 3), (2, 1, 3, 1, 2)


def _declared(x):
    return [size or get_new_symbol() for size in x.shape]


def _numbers(shape):
    return np.arange(1, math.prod(shape) + 1, dtype=np.float32).reshape(shape) / 4


@pytest.mark.parametrize("shape", [(), NO_ELEMENTS, OF_RANK_5], ids=["rank 0", "empty", "rank 5"])
def test_elementwise(shape):
    """All functions of one and of two numbers, in one program each."""
    x = _numbers(shape)
    # A model has no input of rank 0: it is made of one of rank 1.
    entered = x.reshape(1) if shape == () else x

    def body(x):
        x = mb.squeeze(x=x) if shape == () else x
        of_one = [getattr(mb, name)(x=x) for name in ELEMENTWISE]
        return [*of_one, *(getattr(mb, name)(x=x, y=np.float32(0.75)) for name in BINARY)]

    results = run_op(body, entered, shapes=[_declared(entered)])

    expected = [function(x) for function in ELEMENTWISE.values()] + [function(x, 0.75) for function in BINARY.values()]
    for name, result, numbers in zip([*ELEMENTWISE, *BINARY], results, expected, strict=True):
        assert result.shape == shape, name
        np.testing.assert_allclose(result, numbers, rtol=2e-6, err_msg=name)


X = np.zeros(NO_ELEMENTS, np.float32)
ONES = np.ones((2, 3), np.float32)
EMPTY = {
    "reduce_sum": (lambda x: mb.reduce_sum(x=x, axes=[0]), X.sum(0)),
    "reduce_prod": (lambda x: mb.reduce_prod(x=x, axes=[0]), X.prod(0)),
    "reduce_sum_square": (lambda x: mb.reduce_sum_square(x=x, axes=[-1]), X.sum(-1)),
    "reduce_max": (lambda x: mb.reduce_max(x=x, axes=[1]), X.max(1)),
    "reduce_mean": (lambda x: mb.reduce_mean(x=x, axes=[1]), X.mean(1)),
    "reduce_argmax": (lambda x: mb.reduce_argmax(x=x, axis=1), X.argmax(1)),
    "softmax": (lambda x: mb.softmax(x=x, axis=-1), X),
    "concat": (lambda x: mb.concat(values=(x, ONES), axis=0), ONES),
    "stack": (lambda x: mb.stack(values=(x, x), axis=0), np.stack((X, X))),
    "split": (lambda x: mb.split(x=x, split_sizes=[1, 2], axis=1)[1], X[:, 1:]),
    "transpose": (lambda x: mb.transpose(x=x, perm=[-1, 0]), X.T),
    "reshape": (lambda x: mb.reshape(x=x, shape=[3, -1]), X.reshape(3, 0)),
    "expand_dims": (lambda x: mb.expand_dims(x=x, axes=[-1]), X[..., None]),
    "slice_by_index": (lambda x: mb.slice_by_index(x=x, begin=[0, 0], end=[0, 2]), X[:, :2]),
    "slice_by_size": (lambda x: mb.slice_by_size(x=x, begin=[0, 1], size=[-1, 2]), X[:, 1:]),
    "reverse": (lambda x: mb.reverse(x=x), X),
    "pad": (lambda x: mb.pad(x=x, pad=[2, 0, 0, 0], constant_val=1.0), ONES),
    "tile": (lambda x: mb.tile(x=x, reps=[2, 2]), np.tile(X, (2, 2))),
    "gather": (lambda x: mb.gather(x=x, indices=[2, 0], axis=1), X[:, [2, 0]]),
    "scatter": (lambda x: mb.scatter(data=ONES, indices=mb.cast(x=_first(x), dtype="int32"), updates=x), ONES),
    "cumsum": (lambda x: mb.cumsum(x=x, axis=0), X),
    "non_zero": (lambda x: mb.non_zero(x=x), np.zeros((0, 2))),
    "one_hot": (lambda x: mb.one_hot(indices=mb.cast(x=_first(x), dtype="int32"), one_hot_vector_size=3), X),
    "matmul": (lambda x: mb.matmul(x=x, y=ONES.T), X @ ONES.T),
    "matmul over nothing": (lambda x: mb.matmul(x=x, y=x, transpose_x=True), X.T @ X),
    "linear": (lambda x: mb.linear(x=x, weight=ONES, bias=ONES[:, 0]), X @ ONES.T),
    "layer_norm": (lambda x: mb.layer_norm(x=x, axes=[-1]), X),
    "band_part": (lambda x: mb.band_part(x=x, lower=1, upper=0), X),
    "fill_like": (lambda x: mb.fill_like(ref_tensor=x, value=1.0), X),
    "select": (lambda x: mb.select(cond=mb.greater(x=x, y=0.0), a=x, b=x), X),
    "shape": (lambda x: mb.shape(x=x), np.array([0, 3])),
}


def _first(x):
    return mb.slice_by_index(x=x, begin=[0, 0], end=[0, 1], end_mask=[True, False], squeeze_mask=[False, True])


def test_nothing_comes_of_nothing():
    """Or the neutral element: shapes and numbers are numpy's."""
    results = run_op(lambda x: [body(x) for body, _ in EMPTY.values()], X, shapes=[_declared(X)])

    for (name, (_, expected)), result in zip(EMPTY.items(), results, strict=True):
        assert (name, result.shape, result.tolist()) == (name, expected.shape, expected.tolist())


Y = _numbers((2, 3, 1, 2, 2))
RANK_5 = {
    "transpose": (lambda x: mb.transpose(x=x, perm=[-1, 0, 3, -4, 2]), Y.transpose(4, 0, 3, 1, 2)),
    "reduce_sum": (lambda x: mb.reduce_sum(x=x, axes=[-4, 0, 4]), Y.sum((0, 1, 4))),
    "reduce_argmin": (lambda x: mb.reduce_argmin(x=x, axis=-4), Y.argmin(1)),
    "softmax": (lambda x: mb.softmax(x=x, axis=1), np.exp(Y) / np.exp(Y).sum(1, keepdims=True)),
    "concat": (lambda x: mb.concat(values=(x, x), axis=-3), np.concatenate((Y, Y), 2)),
    "split": (lambda x: mb.split(x=x, num_splits=3, axis=-4)[2], Y[:, 2:]),
    "squeeze": (lambda x: mb.squeeze(x=x, axes=[-3]), Y[:, :, 0]),
    "slice_by_index": (
        lambda x: mb.slice_by_index(x=x, begin=[1, 2, 0, 0, 1], end=[2, 0, 1, 2, 2], stride=[1, -1, 1, 1, 1]),
        Y[1:2, 2:0:-1, :, :, 1:],
    ),
    "gather": (lambda x: mb.gather(x=x, indices=[2, 1, 0, 0], axis=-4), Y[:, [2, 1, 0, 0]]),
    "gather_along_axis": (
        lambda x: mb.gather_along_axis(x=x, indices=np.zeros(Y.shape, np.int32), axis=-1),
        np.repeat(Y[..., :1], 2, -1),
    ),
    "cumsum": (lambda x: mb.cumsum(x=x, axis=1, reverse=True), Y[:, ::-1].cumsum(1)[:, ::-1]),
    "argsort": (lambda x: mb.argsort(x=x, axis=1), np.argsort(-Y, axis=1)),
    "matmul": (lambda x: mb.matmul(x=x, y=x, transpose_y=True), Y @ np.swapaxes(Y, -1, -2)),
    "layer_norm": (
        lambda x: mb.layer_norm(x=x, axes=[-1, 1], epsilon=0.5),
        (Y - Y.mean((1, 4), keepdims=True)) / np.sqrt(Y.var((1, 4), keepdims=True) + 0.5),
    ),
    "tile": (lambda x: mb.tile(x=x, reps=[1, 2, 3, 1, 1]), np.tile(Y, (1, 2, 3, 1, 1))),
    "pad": (
        lambda x: mb.pad(x=x, pad=[0, 0, 0, 0, 1, 2, 0, 0, 0, 0]),
        np.pad(Y, [(0, 0), (0, 0), (1, 2), (0, 0), (0, 0)]),
    ),
    "reverse": (lambda x: mb.reverse(x=x, axes=[-5, 3]), Y[::-1, :, :, ::-1]),
    "flatten2d": (lambda x: mb.flatten2d(x=x, axis=3), Y.reshape(6, 4)),
}


def test_rank_5():
    """Axes are counted from either end."""
    results = run_op(lambda x: [body(x) for body, _ in RANK_5.values()], Y)

    for (name, (_, expected)), result in zip(RANK_5.items(), results, strict=True):
        np.testing.assert_allclose(result, expected, rtol=2e-5, err_msg=name)
        assert result.shape == expected.shape, name
