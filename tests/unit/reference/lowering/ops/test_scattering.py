"""Scattering by indices and slices replaced, against numpy."""

from __future__ import annotations

import numpy as np
import pytest
from coremltools.converters.mil import Builder as mb  # noqa: N813 - the name that everybody uses
from one_op import run_op

from pytest_coreml.reference.errors import ExecutionError

X = np.arange(1, 25, dtype=np.float32).reshape(2, 3, 4)
UFUNCS = {
    "add": np.add,
    "sub": np.subtract,
    "mul": np.multiply,
    "div": np.true_divide,
    "max": np.maximum,
    "min": np.minimum,
}


@pytest.mark.operation("scatter")
@pytest.mark.parametrize("dtype", [np.float32, np.int32])
@pytest.mark.parametrize("mode", UFUNCS)
def test_index_that_comes_twice(mode, dtype):
    """Both updates count, in every mode; a negative index counts from the end."""
    x, indices = X[:, :, 0].T.astype(dtype), np.array([2, 0, -1], np.int32)
    updates = np.array([[2, 4], [30, 3], [5, 2]], dtype)
    expected = x.astype(np.float64)
    UFUNCS[mode].at(expected, indices, updates)

    (result,) = run_op(
        lambda x, i, u: mb.scatter(data=x, indices=i, updates=u, mode=mode), x, indices, updates, opset="iOS15"
    )

    assert result == pytest.approx(expected.astype(dtype), rel=1e-6)


def test_scatter_along_another_axis():
    """Updates are slices of the axis that the indices name."""
    indices, updates = np.array([3, 1], np.int32), -X[:, :, :2]
    expected = X.copy()
    expected[:, :, indices] = updates

    (result,) = run_op(
        lambda x, i, u: mb.scatter(data=x, indices=i, updates=u, axis=-1, mode="update"), X, indices, updates
    )

    assert result.tolist() == expected.tolist()


@pytest.mark.operation("scatter_along_axis")
def test_scatter_along_axis():
    """One element for each index, at its own place on the other axes."""
    indices = np.array([[[0, 2, 1, 1]], [[1, 0, 2, 2]]], np.int32)
    updates = -np.ones((2, 1, 4), np.float32)
    expected = X.copy()
    np.put_along_axis(expected, indices, updates, 1)

    (result,) = run_op(
        lambda x, i, u: mb.scatter_along_axis(data=x, indices=i, updates=u, axis=1, mode="update"), X, indices, updates
    )

    assert result.tolist() == expected.tolist()


@pytest.mark.operation("scatter_nd")
def test_scatter_nd():
    """A vector of indices names a slice."""
    indices, updates = np.array([[0, 2], [1, -3]], np.int32), np.array([[0, 0, 0, 1], [9, 9, 9, 9]], np.float32)
    expected = X.copy()
    expected[0, 2] -= updates[0]
    expected[1, 0] -= updates[1]

    (result,) = run_op(
        lambda x, i, u: mb.scatter_nd(data=x, indices=i, updates=u, mode="sub"), X, indices, updates, opset="iOS16"
    )

    assert result.tolist() == expected.tolist()


@pytest.mark.parametrize(("index", "parameters"), [(2, {}), (-1, {}), (-1, {"validate_indices": True})])
def test_index_out_of_range(index, parameters):
    """Nothing is written where nothing is; the error names the operation."""
    with pytest.raises(ExecutionError, match=f"operation scatter 'written' failed: the index {index} is out of range"):
        run_op(
            lambda x, i, u: mb.scatter(data=x, indices=i, updates=u, name="written", **parameters),
            X,
            np.array([index], np.int32),
            X[:1],
        )


UPDATES = [
    pytest.param({"begin": [0, 1, 0], "end": [2, 3, 4]}, np.s_[:, 1:3], id="rows"),
    pytest.param({"begin": [0, 0, 3], "end": [2, 3, 0], "stride": [1, 2, -2]}, np.s_[:, ::2, 3:0:-2], id="strided"),
    pytest.param(
        {"begin": [1, 0, -1], "end": [0, 0, 0], "end_mask": [False, True, True], "squeeze_mask": [True, False, False]},
        np.s_[1, :, -1:],
        id="masks",
    ),
    pytest.param({"begin": [0, 0, 0], "end": [2, 3, 4]}, np.s_[:], id="everything"),
]


@pytest.mark.operation("slice_update")
@pytest.mark.parametrize("computed", [False, True])
@pytest.mark.parametrize(("parameters", "place"), UPDATES)
def test_slice_update(parameters, place, computed):
    """A slice, as Python writes it, is replaced."""
    expected = X.copy()
    update = -np.arange(expected[place].size, dtype=np.float32).reshape(expected[place].shape)
    expected[place] = update
    rest = {name: value for name, value in parameters.items() if name not in ("begin", "end")}
    places = [np.array(parameters[name], np.int32) for name in ("begin", "end")]

    if computed:
        (result,) = run_op(
            lambda x, u, b, e: mb.slice_update(x=x, update=u, begin=b, end=e, **rest),
            *(X, update, *places),
            opset="iOS18",
        )
    else:
        (result,) = run_op(lambda x, u: mb.slice_update(x=x, update=u, **parameters), X, update, opset="iOS18")

    assert result.tolist() == expected.tolist()
