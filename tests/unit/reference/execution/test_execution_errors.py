"""An operation that fails while the model runs is named, with its type."""

from __future__ import annotations

import numpy as np
import pytest
from coremltools.converters.mil import Builder as mb  # noqa: N813 - the name that everybody uses
from coremltools.converters.mil.mil import get_new_symbol
from one_op import run_op

from pytest_coreml.reference.errors import ExecutionError

X = np.arange(6, dtype=np.float32).reshape(2, 3)


def test_shapes_that_do_not_fit_are_a_failure_of_the_operation():
    """The shapes are known only when the model runs."""
    shapes = [(2, get_new_symbol()), (2, get_new_symbol())]

    with pytest.raises(ExecutionError, match=r"operation add 'the_culprit' failed: .*3 by 4"):
        run_op(lambda x, y: mb.add(x=x, y=y, name="the_culprit"), X, np.ones((2, 4), np.float32), shapes=shapes)


def test_a_failure_in_a_block_names_the_operation_in_the_block():
    """Not the `cond` around it."""

    def body(x, shape):
        return mb.cond(
            pred=mb.greater(x=mb.reduce_max(x=shape), y=0),
            _true_fn=lambda: mb.reshape(x=x, shape=shape, name="the_culprit"),
            _false_fn=lambda: x,
        )

    with pytest.raises(ExecutionError, match=r"operation reshape 'the_culprit' failed: .*cannot be reshaped"):
        run_op(body, X, np.array([4, 4], np.int32))


def _numbers(*numbers):
    return np.array(numbers, np.int32)


UNFIT = {
    "sliding_windows": (lambda x: mb.sliding_windows(x=x, axis=1, size=5, name="it"), [X], [(2, get_new_symbol())]),
    "crop": (
        lambda x: mb.crop(x=x, crop_height=[2, 2], crop_width=[0, 0], name="it"),
        [X.reshape(1, 1, 2, 3)],
        [(1, 1, get_new_symbol(), get_new_symbol())],
    ),
    "slice_by_size": (lambda x, b: mb.slice_by_size(x=x, begin=b, size=[1, -1], name="it"), [X, _numbers(0, 5)], None),
    "reverse_sequence": (
        lambda x, n: mb.reverse_sequence(x=x, lengths=n, batch_axis=0, seq_axis=1, name="it"),
        [X, _numbers(-1, 2)],
        None,
    ),
    "layer_norm": (
        lambda x: mb.layer_norm(x=x, axes=[1], gamma=np.ones(3, np.float32), name="it"),
        [X[:, :1]],
        [(2, get_new_symbol())],
    ),
    "conv": (lambda x: mb.conv(x=x, weight=X.reshape(1, 1, 6), name="it"), [X[None, :1]], [(1, 1, get_new_symbol())]),
    "fill": (lambda shape: mb.fill(shape=shape, value=1.0, name="it"), [_numbers(2, -3)], None),
    "pad": (lambda x, pad: mb.pad(x=x, pad=pad, mode="reflect", name="it"), [X, _numbers(0, 0, 5, 5)], None),
    "matmul": (lambda x, y: mb.matmul(x=x, y=y, name="it"), [X, X], [(2, get_new_symbol()), (get_new_symbol(), 3)]),
}


@pytest.mark.parametrize("name", UNFIT)
def test_what_does_not_fit_is_a_failure_of_the_operation(name):
    """Nothing that could be taken for a result comes out."""
    body, inputs, shapes = UNFIT[name]

    with pytest.raises(ExecutionError, match=f"operation {name} 'it' failed: "):
        run_op(body, *inputs, shapes=shapes)
