"""Reductions against numpy."""

from __future__ import annotations

import numpy as np
import pytest
from coremltools.converters.mil import Builder as mb  # noqa: N813 - the name that everybody uses
from coremltools.converters.mil.mil import get_new_symbol
from one_op import run_op

NUMBERS = np.array([[[-3, 1, 2], [4, -5, 6]], [[7, 8, -9], [1, 2, 3]]])
REDUCTIONS = {
    "reduce_l1_norm": lambda x, **how: np.abs(x).sum(**how),
    "reduce_l2_norm": lambda x, **how: np.sqrt((x * x).sum(**how)),
    "reduce_log_sum_exp": lambda x, **how: np.log(np.exp(x).sum(**how)),
    "reduce_max": np.max,
    "reduce_mean": np.mean,
    "reduce_min": np.min,
    "reduce_prod": np.prod,
    "reduce_sum": np.sum,
    "reduce_sum_square": lambda x, **how: (x * x).sum(**how),
}


@pytest.mark.operation
@pytest.mark.parametrize("dtype", ["f4", "i4"])
@pytest.mark.parametrize("name", REDUCTIONS)
def test_reductions_over_some_axes(name, dtype):
    """Negative axes in any order; of integers the result is cut to an integer."""
    expected = REDUCTIONS[name](NUMBERS.astype(float), axis=(2, 0), keepdims=True).astype(dtype)

    (result,) = run_op(lambda x: getattr(mb, name)(x=x, axes=[-1, 0], keep_dims=True), NUMBERS.astype(dtype))

    assert result == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("name", REDUCTIONS)
def test_reductions_over_all_axes_and_none(name):
    """All by default, which leaves a scalar; over no axis each number is reduced alone."""
    x = NUMBERS.astype(np.float32)

    all_axes, no_axes = run_op(
        lambda x: [getattr(mb, name)(x=x), getattr(mb, name)(x=x, axes=np.zeros(0, np.int32))], x
    )

    assert all_axes == pytest.approx(REDUCTIONS[name](x, axis=None), rel=1e-5)
    assert no_axes == pytest.approx(REDUCTIONS[name](x, axis=()), rel=1e-5)


@pytest.mark.operation("reduce_log_sum")
def test_logarithm_of_a_sum():
    """Of positive numbers."""
    (result,) = run_op(lambda x: mb.reduce_log_sum(x=x, axes=[0]), np.array([[1, 2], [3, 4]], np.float32))

    assert result == pytest.approx(np.log([4, 6]), rel=1e-6)


def test_log_sum_exp_of_large_numbers_stays_finite():
    """The exponentials alone would not."""
    (result,) = run_op(lambda x: mb.reduce_log_sum_exp(x=x, axes=[0]), np.array([1000, 1000], np.float32))

    assert result == pytest.approx(1000 + np.log(2), rel=1e-6)


@pytest.mark.parametrize("keep", [True, False])
def test_log_sum_exp_of_rows_that_begin_with_nothing(keep):
    """The logarithm of 0 counts as the nothing that it is, wherever it stands; infinity is all there is."""
    rows = np.array([[-np.inf, -200, -np.inf], [-np.inf] * 3, [1, np.inf, 2], [-101.5, -np.inf, -103]], np.float32)
    with np.errstate(divide="ignore"):
        expected = np.log(np.exp(rows.astype(np.float64)).sum(1, keepdims=keep))

    (result,) = run_op(lambda x: mb.reduce_log_sum_exp(x=x, axes=[-1], keep_dims=keep), rows)

    np.testing.assert_allclose(result, expected, rtol=1e-6)


@pytest.mark.parametrize(("numbers", "expected"), [([2] * 8 + [1] * 30, 4), ([-2, -1, -3], 0), ([2**30, 2**30], 2**30)])
def test_log_sum_exp_of_whole_numbers_is_cut_at_the_end(numbers, expected):
    """log(8 e^2 + 30 e) is 4.94, and log(e^-2 + e^-1 + e^-3) is -0.59."""
    (result,) = run_op(lambda x: mb.reduce_log_sum_exp(x=x, axes=[0]), np.array(numbers, np.int32))

    assert result == expected


@pytest.mark.operation
@pytest.mark.parametrize("dtype", ["f4", "i4"])
@pytest.mark.parametrize(("name", "expected"), [("reduce_argmax", [[1], [0]]), ("reduce_argmin", [[0], [1]])])
def test_places_of_extremes(name, expected, dtype):
    """Along the last axis by default; the type of the places may be chosen since iOS 17."""
    x = np.array([[-3, 1], [7, -9]], dtype)

    (result,) = run_op(lambda x: getattr(mb, name)(x=x, keep_dims=True, output_dtype="uint16"), x)

    assert result.tolist() == expected


@pytest.mark.parametrize("length", [3, None, 0])
def test_mean_of_nothing_is_no_number(length):
    """As of numpy, also where only the input tells that there is nothing, or something."""
    shape = (get_new_symbol() if length is None else length, 2)

    def mean(array):
        return run_op(lambda x: mb.reduce_mean(x=x, axes=[0]), array, shapes=[shape])[0]

    three, none = np.array([[1, 2], [3, 4], [5, 9]], np.float32), np.zeros((0, 2), np.float32)

    if length != 0:
        assert mean(three).tolist() == [3, 5]
    if length != 3:
        assert np.isnan(mean(none)).all()


@pytest.mark.parametrize(
    "x", [np.arange(12, dtype=np.int32).reshape(1, 3, 2, 2), np.zeros((1, 2, 0, 3), np.float32)], ids=["int32", "empty"]
)
def test_mean_of_what_is_no_image_to_a_pooling(x):
    """Whole numbers, cut, and nothing, which has no mean."""
    (result,) = run_op(lambda x: mb.reduce_mean(x=x, axes=[2, 3], keep_dims=True), x)

    expected = [[[[1]], [[5]], [[9]]]] if x.size else np.full((1, 2, 1, 1), np.nan)
    np.testing.assert_array_equal(result, expected)


def test_mean_of_an_image_of_unknown_size():
    """The one that becomes a pooling, with and without what is left of the axes."""
    x = np.arange(8, dtype=np.float32).reshape(1, 2, 2, 2)
    shape = (1, 2, get_new_symbol(), get_new_symbol())

    kept, gone = run_op(
        lambda x: [mb.reduce_mean(x=x, axes=[2, 3], keep_dims=keep) for keep in (True, False)], x, shapes=[shape]
    )

    assert kept.tolist() == [[[[1.5]], [[5.5]]]]
    assert gone.tolist() == [[1.5, 5.5]]
