"""Rearrangements, concatenation, padding and reductions against numpy."""

from __future__ import annotations

import numpy as np
import pytest
from coremltools.converters.mil import Builder as mb  # noqa: N813 - the name that everybody uses
from one_op import run_op

X = np.arange(24, dtype=np.float32).reshape(2, 3, 4)


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        pytest.param(lambda x: mb.transpose(x=x, perm=[-1, 0, -2]), X.transpose(2, 0, 1), id="transpose"),
        pytest.param(lambda x: mb.expand_dims(x=x, axes=[-1, 0]), X[None, ..., None], id="expand_dims"),
        pytest.param(lambda x: mb.reshape(x=x, shape=[0, -1]), X.reshape(2, 12), id="reshape"),
        pytest.param(lambda x: mb.concat(values=(x, x), axis=-2), np.concatenate((X, X), 1), id="concat"),
        pytest.param(
            lambda x: mb.slice_by_index(
                x=x, begin=[-1, 2, 1], end=[0, 0, 3], stride=[1, -1, 1], squeeze_mask=[True, False, False]
            ),
            X[-1, 2:0:-1, 1:3],
            id="slice",
        ),
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


def test_split_gives_one_output_a_part():
    """Parts of given sizes."""
    first, second = run_op(lambda x: mb.split(x=x, split_sizes=[1, 2], axis=1), X)

    assert first.tolist() == X[:, :1].tolist()
    assert second.tolist() == X[:, 1:].tolist()
