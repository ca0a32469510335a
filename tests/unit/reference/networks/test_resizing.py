"""Images in other sizes, compared with interpolation written out."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose
from one_layer import run

RANDOM = np.random.default_rng(0)
X = RANDOM.normal(size=(2, 4, 5)).astype(np.float32)


def sample(x, rows, columns):
    """Return an image interpolated at these positions, which are cut off at its edges."""

    def weights(positions, size):
        positions = np.clip(positions, 0, size - 1)
        return np.maximum(0, 1 - np.abs(np.asarray(positions)[:, None] - np.arange(size)))

    return weights(rows, x.shape[1]) @ x @ weights(columns, x.shape[2]).T


def test_nearest():
    """Each element twice and three times."""
    (y,) = run(lambda b: b.add_upsample("u", 2, 3, "x0", "y0", "NN"), X, rank_five=True)

    assert_allclose(y[0, 0], X.repeat(2, 1).repeat(3, 2))


@pytest.mark.parametrize(
    ("mode", "grid"),
    [
        ("DEFAULT", lambda n, size: np.arange(n) * size / n),
        ("ALIGN_CORNERS_TRUE", lambda n, size: np.arange(n) * (size - 1) / (n - 1)),
        ("ALIGN_CORNERS_FALSE", lambda n, size: (np.arange(n) + 0.5) * size / n - 0.5),
    ],
)
def test_bilinear(mode, grid):
    """The corners are where the mode puts them."""
    (y,) = run(lambda b: b.add_upsample("u", 2, 3, "x0", "y0", "BILINEAR", mode), X, rank_five=mode == "DEFAULT")

    assert_allclose(y.reshape(2, 8, 15), sample(X, grid(8, 4), grid(15, 5)), rtol=1e-4, atol=1e-5)


GRIDS = {
    "STRICT_ALIGN_ENDPOINTS_MODE": np.linspace,
    "ALIGN_ENDPOINTS_MODE": lambda a, b, n: np.linspace(a, b, n) if n > 1 else np.array([(a + b) / 2]),
    "UPSAMPLE_MODE": lambda a, b, n: np.minimum(a + np.arange(n) * (b - a + 1) / n, b),
    "ROI_ALIGN_MODE": lambda a, b, n: np.minimum(a + (np.arange(n) + 0.5) * max(1, b - a) / n, b),
}


@pytest.mark.parametrize("mode", GRIDS)
@pytest.mark.parametrize("size", [(7, 3), (1, 1)])
def test_resize(mode, size):
    """To a size, by each of the four grids."""
    (y,) = run(lambda b: b.add_resize_bilinear("r", "x0", "y0", *size, mode), X, rank_five=True)

    expected = sample(X, GRIDS[mode](0, 3, size[0]), GRIDS[mode](0, 4, size[1]))
    assert_allclose(y[0, 0], expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("mode", GRIDS)
@pytest.mark.parametrize("boxes", ["CORNERS_HEIGHT_FIRST", "CORNERS_WIDTH_FIRST", "CENTER_SIZE_HEIGHT_FIRST"])
def test_crop_resize(mode, boxes):
    """Two boxes in each of the notations."""
    corners = np.float32([[0, 1, 3, 4], [1, 0, 2.5, 3]])  # top, left, bottom, right
    given = {
        "CORNERS_HEIGHT_FIRST": corners,
        "CORNERS_WIDTH_FIRST": corners[:, [1, 0, 3, 2]],
        "CENTER_SIZE_HEIGHT_FIRST": np.concatenate(
            [(corners[:, :2] + corners[:, 2:]) / 2, corners[:, 2:] - corners[:, :2]], axis=1
        ),
    }[boxes]

    (y,) = run(
        lambda b: b.add_crop_resize("c", ["x0", "x1"], "y0", 3, 2, mode, False, boxes),
        X[None, None],
        given.reshape(2, 1, 4, 1, 1),
    )

    for index, (top, left, bottom, right) in enumerate(corners):
        expected = sample(X, GRIDS[mode](top, bottom, 3), GRIDS[mode](left, right, 2))
        assert_allclose(y[index, 0], expected, rtol=1e-4, atol=1e-5)
