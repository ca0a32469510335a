"""Joining, cutting, sorting and creating tensors, against numpy."""

from __future__ import annotations

import numpy as np
import pytest
from coremltools.converters.mil import Builder as mb  # noqa: N813 - the name that everybody uses
from coremltools.converters.mil.mil import get_new_symbol
from one_op import build, run_op

from pytest_coreml.reference.errors import ExecutionError, UnsupportedModelError
from pytest_coreml.reference.execution import executable
from pytest_coreml.reference.format.package import MemoryPackage
from pytest_coreml.reference.options import RuntimeOptions

X = np.arange(24, dtype=np.float32).reshape(2, 3, 4)
UNKNOWN = (get_new_symbol(), get_new_symbol(), get_new_symbol())


@pytest.mark.parametrize("shape", [X.shape, UNKNOWN], ids=["static", "flexible"])
def test_interleaved_concat(shape):
    """Elements of the inputs come in turn."""
    (result,) = run_op(lambda x: mb.concat(values=(x, mb.mul(x=x, y=-1.0)), axis=1, interleave=True), X, shapes=[shape])

    expected = np.empty((2, 6, 4))
    expected[:, 0::2], expected[:, 1::2] = X, -X
    assert result.tolist() == expected.tolist()


@pytest.mark.operation("stack")
def test_stack():
    """The new axis may be counted from the end."""
    (result,) = run_op(lambda x: mb.stack(values=(x, mb.mul(x=x, y=2.0)), axis=-1), X)

    assert result.tolist() == np.stack((X, 2 * X), -1).tolist()


def test_split_that_leaves_a_rest():
    """A size that cannot be split into equal parts is an error, not parts of unequal size."""
    with pytest.raises(ExecutionError, match="operation split"):
        run_op(lambda x: mb.split(x=x, num_splits=2, axis=1), X, shapes=[UNKNOWN])


@pytest.mark.operation("tile")
def test_tile():
    """The repetitions may be computed."""
    (result,) = run_op(lambda x, reps: mb.tile(x=x, reps=reps), X, np.array([1, 2, 3], np.int32))

    assert result.tolist() == np.tile(X, (1, 2, 3)).tolist()


@pytest.mark.parametrize("mode", ["constant", "reflect", "replicate"])
def test_computed_padding(mode):
    """Computed padding is that of all dimensions, in every mode."""
    pads = np.array([1, 0, 0, 2, 3, 1], np.int32)

    (result,) = run_op(lambda x, pad: mb.pad(x=x, pad=pad, mode=mode), X, pads)

    expected = np.pad(X, pads.reshape(3, 2), "edge" if mode == "replicate" else mode)
    assert result.tolist() == expected.tolist()


@pytest.mark.operation("cumsum")
@pytest.mark.parametrize(
    ("parameters", "expected"),
    [
        ({}, [1, 3, 6, 10]),
        ({"exclusive": True}, [0, 1, 3, 6]),
        ({"reverse": True}, [10, 9, 7, 4]),
        ({"exclusive": True, "reverse": True}, [9, 7, 4, 0]),
    ],
)
def test_cumsum(parameters, expected):
    """Sums run from either end, with or without the element itself."""
    (result,) = run_op(lambda x: mb.cumsum(x=x, axis=-1, **parameters), np.array([[1, 2, 3, 4]], np.int32))

    assert result.tolist() == [expected]


@pytest.mark.operation("band_part")
@pytest.mark.parametrize("dtype", [np.float32, np.int32, np.bool_])
@pytest.mark.parametrize(("lower", "upper"), [(1, 0), (-1, 1), (0, -1), (-1, -1)])
def test_band_part(lower, upper, dtype):
    """A negative width keeps the whole triangle."""
    x = (X + 1).astype(dtype)
    row, column = np.indices((3, 4))
    band = ((lower < 0) | (row - column <= lower)) & ((upper < 0) | (column - row <= upper))

    (result,) = run_op(lambda x: mb.band_part(x=x, lower=lower, upper=upper), x)

    assert result.tolist() == (x * band).tolist()


@pytest.mark.operation("non_zero")
def test_non_zero():
    """One row of indices for each element that is not zero."""
    (result,) = run_op(lambda x: mb.non_zero(x=x), np.array([[0, 5], [-1, 0]], np.float32))

    assert result.tolist() == [[0, 1], [1, 0]]


@pytest.mark.operation("topk")
@pytest.mark.parametrize("dtype", [np.float16, np.int32, np.uint16, np.int8])
def test_topk(dtype):
    """The smallest along an axis and their places, of any type."""
    x = np.array([[3, 1, 2], [0, 5, 4]]).astype(dtype)

    values, indices = run_op(lambda x: mb.topk(x=x, k=2, axis=-1, ascending=True), x)

    assert values.tolist() == [[1, 2], [0, 4]]
    assert indices.tolist() == [[1, 2], [0, 2]]


def test_topk_without_indices():
    """Indices may be left out."""
    (values,) = run_op(lambda x: mb.topk(x=x, k=2, axis=0, return_indices=False), X[:, 0], shapes=[UNKNOWN[:2]])

    assert values.tolist() == X[::-1, 0].tolist()


@pytest.mark.operation("argsort")
def test_argsort():
    """The largest come first unless asked otherwise."""
    down, up = run_op(lambda x: (mb.argsort(x=x), mb.argsort(x=x, ascending=True)), np.array([2, 9, -1], np.float32))

    assert down.tolist() == [1, 0, 2]
    assert up.tolist() == [2, 0, 1]


@pytest.mark.operation("fill", "fill_like")
@pytest.mark.parametrize("dtype", [np.float32, np.int32, np.bool_])
def test_fill(dtype):
    """One number of any type, in a computed shape or in that of another tensor."""
    filled, alike = run_op(
        lambda shape: (mb.fill(shape=shape, value=dtype(1)), mb.fill_like(ref_tensor=shape, value=dtype(1))),
        np.array([2, 3], np.int32),
    )

    assert filled.tolist() == np.ones((2, 3)).tolist()
    assert alike.tolist() == [1, 1]


@pytest.mark.operation("range_1d")
def test_range():
    """The end is not among the numbers; the step may be negative."""
    (result,) = run_op(
        lambda x: mb.range_1d(start=mb.squeeze(x=x), end=np.int32(0), step=np.int32(-3)), np.array([7], np.int32)
    )

    assert result.tolist() == [7, 4, 1]


@pytest.mark.parametrize(("end", "step"), [(1, 0.1), (-1, -0.1), (-1, 0.5), (1, 0.3)])
def test_range_in_half_precision(end, step):
    """As many numbers as numpy counts in that precision, which is what the program declares."""
    start, end, step = np.float16(0), np.float16(end), np.float16(step)

    (result,) = run_op(
        lambda s: mb.range_1d(start=mb.squeeze(x=s), end=end, step=step), np.array([start]), opset="iOS17"
    )

    np.testing.assert_allclose(result, np.arange(start, end, step), atol=1e-3)


@pytest.mark.operation("one_hot")
@pytest.mark.parametrize("axis", [0, 1, -1])
def test_one_hot(axis):
    """An index out of range takes no place."""
    indices = np.array([[2, 0], [-1, 3]], np.int32)

    (result,) = run_op(
        lambda i: mb.one_hot(indices=i, one_hot_vector_size=3, axis=axis, on_value=5.0, off_value=-1.0), indices
    )

    hot = np.where(indices[..., None] == np.arange(3), 5, -1)
    assert result.tolist() == np.moveaxis(hot, -1, axis).tolist()


EMPTIED = {
    ("tile", "reps"): lambda x: mb.tile(x=x, reps=[1, 2, 3]),
    ("transpose", "perm"): lambda x: mb.transpose(x=x, perm=[2, 0, 1]),
    ("slice_by_index", "begin"): lambda x: mb.slice_by_index(x=x, begin=[0, 1, 0], end=[1, 2, 2]),
    ("slice_by_size", "size"): lambda x: mb.slice_by_size(x=x, begin=[0, 1, 0], size=[1, 2, 2]),
    ("concat", "values"): lambda x: mb.concat(values=[x, x], axis=1),
    ("stack", "values"): lambda x: mb.stack(values=[x, x], axis=1),
}


@pytest.mark.parametrize(("operator", "param"), EMPTIED)
def test_an_empty_list_is_refused_where_it_stands(operator, param):
    """The operation is named, before ONNX Runtime sees it; the builder of coremltools makes no such list."""
    program = build(EMPTIED[operator, param], [X]).get_spec().mlProgram
    (block,) = program.functions["main"].block_specializations.values()
    operation = next(each for each in block.operations if each.type.rsplit(".", 1)[-1] == operator)
    if param == "values":
        del operation.inputs[param].arguments[:]
    else:
        name = operation.inputs[param].arguments[0].name
        value = next(each for each in block.operations if each.outputs[0].name == name).attributes["val"]
        value.immediateValue.tensor.ints.ClearField("values")
        value.type.tensorType.dimensions[0].constant.size = 0

    with pytest.raises(UnsupportedModelError, match=rf"{operator} x1 .*`{param}` is "):
        executable.load(MemoryPackage(b"", {}), program, "main", RuntimeOptions())
