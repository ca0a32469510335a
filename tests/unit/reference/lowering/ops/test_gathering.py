"""Gathering by indices, against numpy."""

from __future__ import annotations

import numpy as np
import pytest
from coremltools.converters.mil import Builder as mb  # noqa: N813 - the name that everybody uses
from one_op import run_op

from pytest_coreml.reference.errors import ExecutionError

X = np.arange(24, dtype=np.float32).reshape(2, 3, 4)


@pytest.mark.operation("gather")
@pytest.mark.parametrize("dtype", [np.float32, np.float16, np.int32])
def test_gather_along_a_negative_axis(dtype):
    """Indices may count from the end; each makes a slice."""
    indices = np.array([[3, -4], [-1, 0]], np.int32)

    (result,) = run_op(lambda x, i: mb.gather(x=x, indices=i, axis=-1), X.astype(dtype), indices, opset="iOS16")

    assert result.tolist() == X[:, :, indices].tolist()


def test_gather_one():
    """A single index leaves no dimension behind."""
    (result,) = run_op(lambda x: mb.gather(x=x, indices=np.int32(1), axis=1), X, opset="iOS15")

    assert result.tolist() == X[:, 1].tolist()


@pytest.mark.parametrize("axis", [1, 2, -1])
def test_gather_in_batches(axis):
    """Each batch has separate indices; the new dimensions take the place of the axis."""
    indices = np.array([[1, 0], [2, 2]], np.int32)
    expected = np.stack([np.take(x, i, axis=axis - 1 if axis > 0 else axis) for x, i in zip(X, indices, strict=True)])

    (result,) = run_op(lambda x, i: mb.gather(x=x, indices=i, axis=axis, batch_dims=1), X, indices)

    assert result.tolist() == expected.tolist()


@pytest.mark.parametrize("dtype", [np.int16, np.uint16, np.int8, np.uint8])
def test_small_integers(dtype):
    """Data and indices may be of any type of integer."""
    x, indices = X[0].astype(dtype), np.array([2, 0], dtype)

    (result,) = run_op(lambda x, i: mb.gather(x=x, indices=i), x, indices)

    assert result.tolist() == x[[2, 0]].tolist()


@pytest.mark.operation("gather_along_axis")
def test_gather_along_axis():
    """One element for each index, at its own place on the other axes."""
    indices = np.array([[[0, -1, 2, 1]], [[1, 1, -3, 0]]], np.int32)

    (result,) = run_op(lambda x, i: mb.gather_along_axis(x=x, indices=i, axis=1), X, indices, opset="iOS16")

    assert result.tolist() == np.take_along_axis(X, indices, 1).tolist()


@pytest.mark.operation("gather_nd")
def test_gather_nd():
    """A vector of indices names a slice."""
    indices = np.array([[1, -1], [0, 2]], np.int32)

    (result,) = run_op(lambda x, i: mb.gather_nd(x=x, indices=i), X, indices, opset="iOS15")

    assert result.tolist() == [X[1, -1].tolist(), X[0, 2].tolist()]


def test_gather_nd_in_batches():
    """After the batch dimensions, a vector names a slice of its batch."""
    indices = np.array([[[1, -1]], [[0, 2]]], np.int32)

    (result,) = run_op(lambda x, i: mb.gather_nd(x=x, indices=i, batch_dims=1), X, indices, opset="iOS16")

    assert result.tolist() == [[X[0, 1, -1]], [X[1, 0, 2]]]


GATHERS = {
    "gather": (lambda x, i, **rest: mb.gather(x=x, indices=i, axis=1, name="picked", **rest), (1,)),
    "gather_along_axis": (
        lambda x, i, **rest: mb.gather_along_axis(x=x, indices=i, axis=1, name="picked", **rest),
        (2, 1, 4),
    ),
    "gather_nd": (lambda x, i, **rest: mb.gather_nd(x=x, indices=i, name="picked", **rest), (1, 2)),
}


@pytest.mark.parametrize("is_const", [False, True])
@pytest.mark.parametrize(
    ("index", "opset"),
    [(4, "iOS15"), (-5, "iOS16"), (4, "iOS17"), (-1, "iOS17"), (-1, "iOS18")],
)
@pytest.mark.parametrize("name", GATHERS)
def test_index_out_of_range(name, index, opset, is_const):
    """Nothing is gathered that is not there, since iOS 17 nothing from the end; the error names the operation."""
    body, shape = GATHERS[name]
    indices = np.full(shape, index, np.int32)

    with pytest.raises(ExecutionError, match=r"operation gather.* 'picked' failed: .* is out of range"):
        run_op(lambda x, i: body(x, indices if is_const else i), X, indices, opset=opset)


@pytest.mark.parametrize("name", ["gather", "gather_nd"])
def test_the_index_is_named(name):
    """As the model has it, negative."""
    body, shape = GATHERS[name]

    with pytest.raises(ExecutionError, match=r"failed: the index -1 is out of range"):
        run_op(lambda x, i: body(x, i, validate_indices=True), X, np.full(shape, -1, np.int32))
