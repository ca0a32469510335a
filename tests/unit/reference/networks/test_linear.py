"""Products with matrices, and look-ups."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose
from one_layer import run

RANDOM = np.random.default_rng(0)


def normal(*shape):
    """Return random numbers."""
    return RANDOM.normal(size=shape).astype(np.float32)


def test_inner_product_of_an_image():
    """Channels, height and width as one vector."""
    x, w, bias = normal(3, 2, 2), normal(5, 12), normal(5)

    (y,) = run(lambda b: b.add_inner_product("i", w, bias, 12, 5, True, "x0", "y0"), x, rank_five=True)

    assert_allclose(y.reshape(5), w @ x.reshape(12) + bias, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("shape", [(4,), (3, 4), (2, 3, 4)])
def test_inner_product_of_the_last_axis(shape):
    """In a network of blobs of any rank."""
    x, w = normal(*shape), normal(5, 4)

    (y,) = run(lambda b: b.add_inner_product("i", w, None, 4, 5, False, "x0", "y0"), x)

    assert_allclose(y, x @ w.T, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("flip", [False, True])
def test_batched_matmul(flip):
    """Batches broadcast, and each side may be transposed."""
    a, b_ = normal(2, 1, 3, 4), normal(5, 4, 6)
    first, second = (a.swapaxes(-1, -2), b_.swapaxes(-1, -2)) if flip else (a, b_)

    (y,) = run(
        lambda b: b.add_batched_mat_mul("m", ["x0", "x1"], "y0", transpose_a=flip, transpose_b=flip), first, second
    )

    assert_allclose(y, a @ b_, rtol=1e-4, atol=1e-5)


def test_batched_matmul_with_weights():
    """The builder takes the matrix [in, out] and stores it column by column."""
    x, w, bias = normal(2, 3, 4), normal(4, 5), normal(5)

    (y,) = run(
        lambda b: b.add_batched_mat_mul(
            "m", ["x0"], "y0", weight_matrix_rows=4, weight_matrix_columns=5, W=w, bias=bias
        ),
        x,
    )

    assert_allclose(y, x @ w + bias, rtol=1e-4, atol=1e-5)


def test_embeddings():
    """Rows of a matrix [in, out], by a number that is rounded."""
    table = normal(7, 3)

    (first,) = run(
        lambda b: b.add_embedding("e", table.T, None, 7, 3, False, "x0", "y0"), np.float32([4.2]), rank_five=True
    )
    (later,) = run(lambda b: b.add_embedding_nd("e", "x0", "y0", 7, 3, table.T), np.float32([[1], [6]]))

    assert_allclose(first.reshape(3), table[4])
    assert_allclose(later, table[[1, 6]])


@pytest.mark.parametrize("cosine", [False, True])
def test_dot(cosine):
    """Along the channels."""
    x, y_ = normal(6), normal(6)

    (y,) = run(lambda b: b.add_elementwise("d", ["x0", "x1"], "y0", "COS" if cosine else "DOT"), x, y_, rank_five=True)

    expected = x @ y_ / (np.linalg.norm(x) * np.linalg.norm(y_) if cosine else 1)
    assert_allclose(y.reshape(()), expected, rtol=1e-4)


def test_a_dynamically_quantized_product():
    """The input is rounded to 127 steps of its largest magnitude."""
    x = np.float32([[0.5, -1.27, 0.004]])
    codes = np.array([[1, -2, 3], [100, 50, -7]], np.int8)

    (y,) = run(
        lambda b: b.add_inner_product(
            "i",
            codes.tobytes(),
            None,
            3,
            2,
            False,
            "x0",
            "y0",
            int_8_dynamic_quantize=True,
            is_quantized_weight=True,
            quantization_type="linear",
            nbits=8,
            quant_scale=np.float32([0.1]),
        ),
        x,
    )

    rounded = np.round(x * 127 / 1.27) * 1.27 / 127
    assert_allclose(y, rounded @ (codes.T * np.float32(0.1)), rtol=1e-4)
