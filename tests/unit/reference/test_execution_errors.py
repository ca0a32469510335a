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
