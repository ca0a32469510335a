"""Elementwise operations against numpy and Python's own arithmetic."""

from __future__ import annotations

import math
import operator

import numpy as np
import pytest
from coremltools.converters.mil import Builder as mb  # noqa: N813 - the name that everybody uses
from coremltools.converters.mil.mil import get_new_symbol
from one_op import run_op

from pytest_coreml.reference.errors import ExecutionError

SMALL = np.array([[-0.9, -0.25], [0.0, 0.5]], dtype=np.float32)
LEFT = [7.0, -7.0, 7.0, -7.0, 6.0]
RIGHT = [2.0, 2.0, -2.0, -2.0, 3.0]


@pytest.mark.operation
@pytest.mark.parametrize(
    ("name", "formula"),
    [
        ("abs", np.abs),
        ("acos", np.arccos),
        ("asin", np.arcsin),
        ("atan", np.arctan),
        ("atanh", np.arctanh),
        ("ceil", np.ceil),
        ("cos", np.cos),
        ("cosh", np.cosh),
        ("erf", np.vectorize(math.erf)),
        ("exp", np.exp),
        ("exp2", np.exp2),
        ("floor", np.floor),
        ("round", np.round),
        ("sign", np.sign),
        ("sin", np.sin),
        ("sinh", np.sinh),
        ("square", np.square),
        ("tan", np.tan),
        ("tanh", np.tanh),
    ],
)
def test_unary_follows_numpy(name, formula):
    """A function of one number gives what numpy gives."""
    expected = formula(SMALL)

    (result,) = run_op(lambda x: getattr(mb, name)(x=x), SMALL)

    assert result == pytest.approx(expected, abs=1e-6)


@pytest.mark.operation("round")
def test_round_takes_halves_to_the_even_number():
    """As numpy and IEEE do."""
    (result,) = run_op(lambda x: mb.round(x=x), np.array([0.5, 1.5, -2.5], dtype=np.float32))

    assert result.tolist() == [0, 2, -2]


@pytest.mark.operation
@pytest.mark.parametrize(
    ("body", "expected"),
    [
        pytest.param(lambda x: mb.sqrt(x=x), [0, 2.0], id="sqrt"),
        pytest.param(lambda x: mb.inverse(x=x), [1e4, 1 / 4.0001], id="inverse"),
        pytest.param(lambda x: mb.inverse(x=x, epsilon=1.0), [1, 0.2], id="inverse-epsilon"),
        pytest.param(lambda x: mb.rsqrt(x=x), [1e6, 0.5], id="rsqrt"),
        pytest.param(lambda x: mb.rsqrt(x=x, epsilon=5.0), [5**-0.5, 1 / 3], id="rsqrt-epsilon"),
        pytest.param(lambda x: mb.log(x=x), [math.log(np.float32(1e-45)), math.log(4)], id="log"),
        pytest.param(lambda x: mb.log(x=x, epsilon=1.0), [0, math.log(5)], id="log-epsilon"),
        pytest.param(lambda x: mb.threshold(x=x, alpha=1.5), [1.5, 4], id="threshold"),
        pytest.param(lambda x: mb.clip(x=x, alpha=1.0, beta=3.0), [1, 3], id="clip"),
    ],
)
def test_parameters_of_unary_operations(body, expected):
    """The epsilon is added before the function, with MIL's defaults."""
    (result,) = run_op(body, np.array([0, 4], dtype=np.float32))

    assert result == pytest.approx(expected, rel=1e-5)


@pytest.mark.operation
@pytest.mark.parametrize(("name", "function"), [("floor_div", operator.floordiv), ("mod", operator.mod)])
@pytest.mark.parametrize("dtype", [np.float32, np.int32])
def test_division_rounds_down_for_negative_numbers(name, function, dtype):
    """Quotient and remainder are Python's, for integers as for floating-point numbers."""
    expected = [function(x, y) for x, y in zip(LEFT, RIGHT, strict=True)]

    (result,) = run_op(lambda x, y: getattr(mb, name)(x=x, y=y), np.array(LEFT, dtype), np.array(RIGHT, dtype))

    assert result.tolist() == expected


@pytest.mark.operation
@pytest.mark.parametrize(
    ("name", "function"),
    [
        ("add", np.add),
        ("sub", np.subtract),
        ("mul", np.multiply),
        ("maximum", np.maximum),
        ("minimum", np.minimum),
        ("equal", np.equal),
        ("not_equal", np.not_equal),
        ("greater", np.greater),
        ("greater_equal", np.greater_equal),
        ("less", np.less),
        ("less_equal", np.less_equal),
    ],
)
@pytest.mark.parametrize("dtype", [np.float32, np.int32])
def test_binary_broadcasts_as_numpy(name, function, dtype):
    """Operands of different rank are stretched to a common shape."""
    x, y = np.array([[1, 2, 3], [3, 2, 1]], dtype), np.array([2, 2, 3], dtype)
    expected = function(x, y)

    (result,) = run_op(lambda x, y: getattr(mb, name)(x=x, y=y), x, y)

    assert result.tolist() == expected.tolist()


@pytest.mark.operation
@pytest.mark.parametrize(
    ("name", "expected"), [("logical_and", [0, 0, 1]), ("logical_or", [0, 1, 1]), ("logical_xor", [0, 1, 0])]
)
def test_logic(name, expected):
    """Truth values combine as Python's."""
    x, y = np.array([False, False, True]), np.array([False, True, True])

    (result,) = run_op(lambda x, y: getattr(mb, name)(x=x, y=y), x, y)

    assert result.tolist() == expected


@pytest.mark.operation("logical_not")
def test_logical_not():
    """Truth becomes its opposite."""
    (result,) = run_op(lambda x: mb.logical_not(x=x), np.array([False, True]))

    assert result.tolist() == [1, 0]


@pytest.mark.operation("real_div", "pow")
def test_division_of_floats_and_power():
    """`real_div` and `pow` are numpy's."""
    x, y = np.array([1, -8], np.float32), np.array([4, 2], np.float32)

    quotient, power = run_op(lambda x, y: (mb.real_div(x=x, y=y), mb.pow(x=x, y=y)), x, y)

    assert quotient.tolist() == [0.25, -4]
    assert power.tolist() == [1, 64]


@pytest.mark.parametrize("name", ["real_div", "floor_div", "mod"])
def test_integers_divided_by_zero_have_no_quotient(name):
    """The result has no finite number: the operation fails by its name."""
    divide = getattr(mb, name)

    with pytest.raises(ExecutionError, match=f"operation {name} 'quotient' failed: division by zero"):
        run_op(lambda x, y: divide(x=x, y=y, name="quotient"), np.array([1, 2], np.int32), np.array([1, 0], np.int32))


def test_no_integers_divided_by_none():
    """An empty array of divisors contains no zero."""
    nothing = np.empty((0,), np.int32)

    (result,) = run_op(lambda x, y: mb.floor_div(x=x, y=y), nothing, nothing)

    assert result.shape == (0,)


def test_the_remainder_is_exact():
    """Also where the quotient is rounded to a whole number, and where it has the other sign."""
    x = np.array([5.9999995, -1e-20, 7, -7, 7, -7, 0, 5, -5], np.float32)
    y = np.array([0.6, 1, 3, 3, -3, -3, 2, np.inf, np.inf], np.float32)

    (result,) = run_op(lambda x, y: mb.mod(x=x, y=y), x, y)

    assert result.tolist() == np.mod(x, y).tolist()


@pytest.mark.operation("cast")
@pytest.mark.parametrize(
    ("dtype", "expected"), [("int32", [-1, 0, 1]), ("bool", [1, 1, 1]), ("fp16", [-1.7, 0.2, 1.7])]
)
def test_cast_converts(dtype, expected):
    """Numbers are cut towards zero, and truth is what is not zero."""
    (result,) = run_op(lambda x: mb.cast(x=x, dtype=dtype), np.array([-1.7, 0.2, 1.7], np.float32))

    assert result == pytest.approx(expected, rel=1e-3 if dtype == "fp16" else 0)


@pytest.mark.parametrize("shape", [(1, 2, 1, 1, 2), (0, 3)])
def test_every_rank_and_emptiness(shape):
    """Rank 5 and empty tensors go through."""
    (result,) = run_op(lambda x: mb.add(x=x, y=1.0), np.zeros(shape, np.float32), shapes=[_declared(shape)])

    assert result.tolist() == np.ones(shape).tolist()


def _declared(shape):
    return [size or get_new_symbol() for size in shape]


@pytest.mark.operation("select")
def test_select_broadcasts_condition_and_values():
    """A condition of a column, a row of values and a single one."""
    cond = np.array([[True], [False]])

    (result,) = run_op(lambda cond, a: mb.select(cond=cond, a=a, b=np.float32(9)), cond, np.array([1, 2], np.float32))

    assert result.tolist() == [[1, 2], [9, 9]]


def test_select_with_a_scalar_condition():
    """One truth value chooses a whole tensor."""
    (result,) = run_op(
        lambda x: mb.select(cond=mb.less(x=mb.reduce_sum(x=x), y=0.0), a=x, b=mb.square(x=x)), np.array([-1, 3], "f4")
    )

    assert result.tolist() == [1, 9]


def test_outputs_of_half_precision_hold_nothing_finer():
    """Inside, 2049 is not rounded when precision is fast; where it leaves, it is."""
    x = np.array([2048], np.float16)

    added, and_back = run_op(
        lambda x: [mb.add(x=x, y=np.float16(1)), mb.sub(x=mb.add(x=x, y=np.float16(1)), y=np.float16(2048))], x
    )

    assert (added.item(), and_back.item()) == (2048, 1)
