"""Matrix products against numpy."""

from __future__ import annotations

import numpy as np
import pytest
from coremltools.converters.mil import Builder as mb  # noqa: N813 - the name that everybody uses
from coremltools.converters.mil.mil import get_new_symbol
from one_op import run_op

RANDOM = np.random.default_rng(0)
WEIGHT = RANDOM.standard_normal((5, 3)).astype(np.float32)
BIAS = RANDOM.standard_normal(5).astype(np.float32)


@pytest.mark.operation("linear")
@pytest.mark.parametrize("shape", [(3,), (2, 3), (2, 4, 3), (2, 1, 4, 3)])
@pytest.mark.parametrize("bias", [None, BIAS], ids=["no bias", "bias"])
def test_linear_multiplies_the_last_dimension(shape, bias):
    """Whatever the rank: `x @ weight.T + bias`."""
    x = RANDOM.standard_normal(shape).astype(np.float32)
    expected = x @ WEIGHT.T + (0 if bias is None else bias)

    (result,) = run_op(lambda x: mb.linear(x=x, weight=WEIGHT, bias=bias), x)

    assert result.shape == expected.shape
    assert result == pytest.approx(expected, abs=1e-5)


def test_linear_of_unknown_dimensions():
    """Two dimensions that only the input tells."""
    x = RANDOM.standard_normal((2, 4, 3)).astype(np.float32)
    expected = x @ WEIGHT.T + BIAS

    (result,) = run_op(
        lambda x: mb.linear(x=x, weight=WEIGHT, bias=BIAS), x, shapes=[(get_new_symbol(), get_new_symbol(), 3)]
    )

    assert result == pytest.approx(expected, abs=1e-5)


@pytest.mark.operation("matmul")
@pytest.mark.parametrize("transpose_x", [False, True])
@pytest.mark.parametrize("transpose_y", [False, True])
@pytest.mark.parametrize("batch", [(), (2,), (2, 3)])
def test_matmul_transposes_and_broadcasts(transpose_x, transpose_y, batch):
    """The last two dimensions are swapped on demand, the leading ones stretched."""
    x, y = RANDOM.standard_normal((*batch, 4, 3)), RANDOM.standard_normal((3, 5))
    expected = (x @ y).astype(np.float32)
    x, y = (np.swapaxes(a, -1, -2) if t else a for a, t in ((x, transpose_x), (y, transpose_y)))

    (result,) = run_op(
        lambda x, y: mb.matmul(x=x, y=y, transpose_x=transpose_x, transpose_y=transpose_y),
        x.astype(np.float32),
        y.astype(np.float32),
    )

    assert result == pytest.approx(expected, abs=1e-5)


@pytest.mark.operation("einsum")
def test_einsum_follows_numpy():
    """One of the equations that MIL defines."""
    x = RANDOM.standard_normal((1, 2, 3, 4)).astype(np.float32)
    y = RANDOM.standard_normal((1, 4, 3, 5)).astype(np.float32)
    equation = "nchw,nwhu->nchu"
    expected = np.einsum(equation, x, y)

    (result,) = run_op(lambda x, y: mb.einsum(values=(x, y), equation=equation), x, y)

    assert result == pytest.approx(expected, abs=1e-5)


def test_matmul_of_integers_is_exact():
    """Beyond what single precision holds, and beside floating-point numbers."""
    big = 2**24 + 1

    (whole,) = run_op(lambda x, y: mb.matmul(x=x, y=y), np.array([[big]], np.int32), np.array([[1]], np.int32))
    (mixed,) = run_op(lambda x: mb.matmul(x=x, y=np.array([[0.5]], np.float32)), np.array([[4]], np.int32))

    assert whole.tolist() == [[big]]
    assert mixed.tolist() == [[2]]
