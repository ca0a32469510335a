"""Rearrangements, concatenation, padding and reductions against numpy."""

from __future__ import annotations

import numpy as np
import pytest
from coremltools.converters.mil import Builder as mb  # noqa: N813 - the name that everybody uses
from coremltools.converters.mil.mil import get_new_symbol
from one_op import run_op

from pytest_coreml.reference.errors import ExecutionError

X = np.arange(24, dtype=np.float32).reshape(2, 3, 4)


@pytest.mark.operation
@pytest.mark.parametrize(
    ("body", "expected"),
    [
        pytest.param(lambda x: mb.identity(x=x), X, id="identity"),
        pytest.param(lambda x: mb.transpose(x=x, perm=[-1, 0, -2]), X.transpose(2, 0, 1), id="transpose"),
        pytest.param(lambda x: mb.expand_dims(x=x, axes=[-1, 0]), X[None, ..., None], id="expand_dims"),
        pytest.param(lambda x: mb.reshape(x=x, shape=[0, -1]), X.reshape(3, 8), id="reshape"),
        pytest.param(lambda x: mb.concat(values=(x, x), axis=-2), np.concatenate((X, X), 1), id="concat"),
        pytest.param(
            lambda x: mb.pad(x=x, pad=[1, 0, 0, 2], constant_val=7.0),
            np.pad(X, [(0, 0), (1, 0), (0, 2)], constant_values=7),
            id="pad",
        ),
        pytest.param(lambda x: mb.reduce_mean(x=x, axes=[2], keep_dims=True), X.mean(2, keepdims=True), id="mean"),
        pytest.param(lambda x: mb.reduce_sum(x=x, axes=[-3]), X.sum(0), id="sum"),
        pytest.param(lambda x: mb.reduce_argmax(x=x, axis=1), X.argmax(1), id="argmax"),
    ],
)
def test_follows_numpy(body, expected):
    """The result has numpy's shape and numbers."""
    (result,) = run_op(body, X)

    assert result.tolist() == expected.tolist()


@pytest.mark.operation("split")
def test_split_gives_one_output_a_part():
    """Parts of given sizes."""
    first, second = run_op(lambda x: mb.split(x=x, split_sizes=[1, 2], axis=1), X)

    assert first.tolist() == X[:, :1].tolist()
    assert second.tolist() == X[:, 1:].tolist()


@pytest.mark.parametrize(
    ("shape", "expected"), [([1, 0, -1, 0], (1, 2, 3, 4)), ([0, -1, 0, 0, 0], (1, 1, 2, 3, 4)), ([-1, 0], (6, 4))]
)
@pytest.mark.parametrize("kind", ["static", "flexible", "computed"])
def test_zeros_of_a_shape(shape, expected, kind):
    """Since iOS 17, a zero stands for the dimension as far from the end, and for 1 where there is none."""
    declared = [(get_new_symbol(), 3, get_new_symbol()) if kind == "flexible" else X.shape]

    if kind == "computed":
        (result,) = run_op(lambda x, s: mb.reshape(x=x, shape=s), X, np.array(shape, np.int32))
    else:
        (result,) = run_op(lambda x: mb.reshape(x=x, shape=shape), X, shapes=declared)

    assert result.tolist() == X.reshape(expected).tolist()


def test_reshape_that_does_not_fit():
    """A computed shape of another size is an error with the operation's name."""
    with pytest.raises(ExecutionError, match="operation reshape 'shaped' failed"):
        run_op(lambda x, s: mb.reshape(x=x, shape=s, name="shaped"), X, np.array([5, 5], np.int32))


@pytest.mark.operation("squeeze")
def test_squeeze_leaves_what_is_larger_than_one():
    """All dimensions of size one go, or the named ones; a named one that is larger stays."""
    x = X.reshape(2, 1, 3, 1, 4)

    everything, named = run_op(lambda x: (mb.squeeze(x=x), mb.squeeze(x=x, axes=[-2, 0])), x)

    assert everything.shape == (2, 3, 4)
    assert named.shape == (2, 1, 3, 4)


@pytest.mark.operation("flatten2d")
@pytest.mark.parametrize(("axis", "shape"), [(1, (2, 12)), (-1, (6, 4)), (0, (1, 24))])
def test_flatten2d(axis, shape):
    """Dimensions before the axis make rows, the others columns."""
    (result,) = run_op(lambda x: mb.flatten2d(x=x, axis=axis), X)

    assert result.tolist() == X.reshape(shape).tolist()


@pytest.mark.operation("reshape_like")
def test_reshape_like():
    """The shape is made of parts of the shapes of others."""
    other = np.zeros((6, 2, 2, 9), np.int32)

    (result,) = run_op(
        lambda x, y: mb.reshape_like(
            x=x,
            ref_tensors=(y, x),
            begins=(np.int32(0), np.int32(2)),
            ends=(np.int32(1), np.int32(0)),
            end_masks=(False, True),
        ),
        X,
        other,
    )

    assert result.tolist() == X.reshape(6, 4).tolist()


@pytest.mark.operation("shape")
def test_shape():
    """Known or not, a shape is int32."""
    (result,) = run_op(lambda x: mb.shape(x=x), X, shapes=[(2, get_new_symbol(), 4)])

    assert result.tolist() == [2, 3, 4]
    assert result.dtype == np.int32
