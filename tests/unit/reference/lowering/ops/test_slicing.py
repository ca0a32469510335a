"""Slices, reversals and windows against numpy's own."""

from __future__ import annotations

import numpy as np
import pytest
from coremltools.converters.mil import Builder as mb  # noqa: N813 - the name that everybody uses
from coremltools.converters.mil.mil import get_new_symbol
from one_op import run_op

from pytest_coreml.reference.errors import ExecutionError, ReferenceRuntimeError

X = np.arange(24, dtype=np.float32).reshape(2, 3, 4)

SLICES = [
    pytest.param({"begin": [0, 1, 1], "end": [2, 3, 3]}, np.s_[0:2, 1:3, 1:3], id="plain"),
    pytest.param({"begin": [-1, -2, 0], "end": [2, 3, -1]}, np.s_[-1:2, -2:3, 0:-1], id="negative"),
    pytest.param({"begin": [0, 0, 9], "end": [9, -9, 9]}, np.s_[0:9, 0:-9, 9:9], id="beyond the borders"),
    pytest.param(
        {"begin": [1, 2, 3], "end": [0, 0, 0], "stride": [-1, -2, -3], "end_mask": [False, True, True]},
        np.s_[1:0:-1, 2::-2, 3::-3],
        id="backwards",
    ),
    pytest.param(
        {"begin": [1, 1, 1], "end": [2, 2, 2], "stride": [1, 1, -1], "begin_mask": [True, False, True]},
        np.s_[:2, 1:2, :2:-1],
        id="begin mask",
    ),
    pytest.param({"begin": [-1, 1, -1], "end": [0, 0, 0], "squeeze_mask": [True] * 3}, np.s_[-1, 1, -1], id="one"),
    pytest.param(
        {"begin": [0, -1, 0], "end": [0, 0, 4], "stride": [1, 1, 2], "squeeze_mask": [True, True, False]},
        np.s_[0, -1, 0:4:2],
        id="squeeze mask",
    ),
]


@pytest.mark.operation("slice_by_index")
@pytest.mark.parametrize(("parameters", "expected"), SLICES)
def test_slice(parameters, expected):
    """A slice is what Python makes of it."""
    (result,) = run_op(lambda x: mb.slice_by_index(x=x, **parameters), X)

    assert result.tolist() == X[expected].tolist()


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        pytest.param(
            {"begin": [1, 0, 0], "end": [2, 3, 4], "squeeze_mask": [True, False, False]},
            {"begin": [0, 1], "end": [2, 3]},
            X[1][0:2, 1:3],
            id="other axes",
        ),
        pytest.param(
            {"begin": [0, 1, 0], "end": [2, 3, 4]},
            {"begin": [1, 1, 0], "end": [2, 2, 2], "squeeze_mask": [False, True, False]},
            X[:, 1:3][1:2, 1, 0:2],
            id="the same axis",
        ),
        pytest.param(
            {"begin": [0, -1, 3], "end": [2, 0, 0], "stride": [1, 1, -2], "squeeze_mask": [False, True, False]},
            {"begin": [-1, 0], "end": [2, 2], "squeeze_mask": [True, False]},
            X[:, -1, 3:0:-2][-1, 0:2],
            id="squeezed twice",
        ),
        pytest.param(
            {"begin": [0, 1, 0], "end": [2, 3, 4]}, {"begin": [0, 0, 0], "end": [2, 2, 4]}, X[:, 1:3], id="all"
        ),
    ],
)
def test_slice_of_a_slice(first, second, expected):
    """A slice of a slice is what Python makes of it, and so is the first one if it is used for itself."""

    def body(x):
        whole = mb.slice_by_index(x=x, **first)
        return mb.slice_by_index(x=whole, **second), mb.identity(x=whole)

    result, _ = run_op(body, X)

    assert result.tolist() == expected.tolist()


@pytest.mark.parametrize("outside", [3, -4])
def test_slice_of_an_element_that_is_not_there(outside):
    """That only a part of an element is used makes no difference when it is not there."""

    def body(x):
        row = mb.slice_by_index(
            x=x, begin=[0, outside, 0], end=[2, 0, 4], squeeze_mask=[False, True, False], name="taken"
        )
        return mb.slice_by_index(x=row, begin=[0, 1], end=[1, 2])

    with pytest.raises(ReferenceRuntimeError, match="operation slice_by_index 'taken' failed"):
        run_op(body, X)


def test_slice_between_numbers_put_together():
    """Positions that are partly known are taken one by one."""

    def body(x, row, column):
        begin = mb.concat(values=[np.int32(0), mb.squeeze(x=row), np.int32(1)], axis=0)
        end = mb.concat(values=[[2, 3], column], axis=0)
        return mb.slice_by_index(x=x, begin=begin, end=end)

    (result,) = run_op(body, X, np.array([1], np.int32), np.array([-1], np.int32))

    assert result.tolist() == X[0:2, 1:3, 1:-1].tolist()


@pytest.mark.parametrize(("parameters", "expected"), SLICES)
def test_computed_slice(parameters, expected):
    """It makes no difference that the model computes where a slice begins and ends."""
    rest = {name: value for name, value in parameters.items() if name not in ("begin", "end")}
    begin, end = (np.array(parameters[name], np.int32) for name in ("begin", "end"))

    (result,) = run_op(lambda x, begin, end: mb.slice_by_index(x=x, begin=begin, end=end, **rest), X, begin, end)

    assert result.tolist() == X[expected].tolist()


def test_element_that_is_not_there():
    """An index beyond the end is an error with the operation's name, not an empty result."""
    with pytest.raises(ExecutionError, match="operation slice_by_index 'taken' failed"):
        run_op(
            lambda x, begin: mb.slice_by_index(x=x, begin=begin, end=[0], squeeze_mask=[True], name="taken"),
            X[0, 0],
            np.array([4], np.int32),
        )


@pytest.mark.parametrize("dtype", [np.float16, np.int32, np.int16, np.uint8, np.bool_])
def test_slice_of_other_types(dtype):
    """Any type of element can be sliced."""
    x = (X % 3).astype(dtype)

    (result,) = run_op(lambda x: mb.slice_by_index(x=x, begin=[0, 2, 0], end=[2, 0, 4], stride=[1, -1, 3]), x)

    assert result.tolist() == x[:, 2:0:-1, ::3].tolist()


@pytest.mark.operation("slice_by_size")
@pytest.mark.parametrize("computed", [False, True])
@pytest.mark.parametrize(
    ("begin", "size", "expected"),
    [
        ([0, 1, 2], [2, 1, 2], np.s_[:, 1:2, 2:4]),
        ([1, 0, 1], [-1, -1, -1], np.s_[1:, :, 1:]),
        ([-1, -2, -4], [1, 2, 3], np.s_[-1:, -2:, :3]),
    ],
)
def test_slice_by_size(begin, size, expected, computed):
    """A size of -1 takes all that follow; a negative begin counts from the end."""
    if computed:
        (result,) = run_op(mb_slice_by_size, X, np.array(begin, np.int32), np.array(size, np.int32))
    else:
        (result,) = run_op(lambda x: mb.slice_by_size(x=x, begin=begin, size=size), X)

    assert result.tolist() == X[expected].tolist()


def mb_slice_by_size(x, begin, size):
    """Slice where the model says."""
    return mb.slice_by_size(x=x, begin=begin, size=size, name="cut")


def test_slice_that_reaches_too_far():
    """A size that is not there is an error, not a shorter result."""
    with pytest.raises(ExecutionError, match="operation slice_by_size 'cut' failed"):
        run_op(mb_slice_by_size, X, np.array([0, 0, 2], np.int32), np.array([2, 3, 3], np.int32))


@pytest.mark.operation("reverse")
def test_reverse():
    """Named axes, or all of them."""
    named, everything = run_op(lambda x: (mb.reverse(x=x, axes=[-1, 0]), mb.reverse(x=x)), X)

    assert named.tolist() == X[::-1, :, ::-1].tolist()
    assert everything.tolist() == X[::-1, ::-1, ::-1].tolist()


@pytest.mark.operation("reverse_sequence")
def test_reverse_sequence():
    """Each sequence turns its first elements, as many as its length says, on any pair of axes."""
    lengths = np.array([0, 2, 3, 1], np.int32)

    (result,) = run_op(
        lambda x, lengths: mb.reverse_sequence(x=x, lengths=lengths, seq_axis=1, batch_axis=-1), X, lengths
    )

    expected = X.copy()
    for index, length in enumerate(lengths):
        expected[:, :length, index] = X[:, :length, index][:, ::-1]
    assert result.tolist() == expected.tolist()


@pytest.mark.operation("sliding_windows")
@pytest.mark.parametrize("length", [6, None], ids=["static", "flexible"])
def test_sliding_windows(length):
    """Windows overlap where the stride is smaller than the size."""
    x = np.arange(12, dtype=np.float32).reshape(2, 6)
    shape = (2, get_new_symbol() if length is None else length)

    (result,) = run_op(lambda x: mb.sliding_windows(x=x, axis=-1, size=3, stride=2), x, shapes=[shape])

    assert result.tolist() == [[[0, 1, 2], [2, 3, 4]], [[6, 7, 8], [8, 9, 10]]]


@pytest.mark.operation("crop")
def test_crop():
    """Top and bottom, left and right, of the last two dimensions; nothing is cut by 0."""
    (result,) = run_op(lambda x: mb.crop(x=x, crop_height=[0, 1], crop_width=[2, 0]), X)

    assert result.tolist() == X[:, 0:2, 2:].tolist()
