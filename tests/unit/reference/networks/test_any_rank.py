"""Layers of blobs of any rank: shapes, joining, taking, putting and sums, compared with numpy."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose
from one_layer import build, load, predict, run
from scipy.special import logsumexp

RANDOM = np.random.default_rng(0)
X = RANDOM.normal(size=(2, 3, 4)).astype(np.float32)


def test_reshapes():
    """By numbers, by a blob, like another blob, and with dimensions that stay."""
    (static,) = run(lambda b: b.add_reshape_static("r", "x0", "y0", (4, -1)), X)
    (kept,) = run(lambda b: b.add_rank_preserving_reshape("r", "x0", "y0", (0, 2, -1)), X)
    (dynamic,) = run(lambda b: b.add_reshape_dynamic("r", ["x0", "x1"], "y0"), X, [6, 4])
    (like,) = run(lambda b: b.add_reshape_like("r", ["x0", "x1"], "y0"), X, np.zeros((3, 8)))

    assert_allclose(static, X.reshape(4, 6))
    assert_allclose(kept, X.reshape(2, 2, 6))
    assert_allclose(dynamic, X.reshape(6, 4))
    assert_allclose(like, X.reshape(3, 8))


def test_axes_come_and_go():
    """The last axis stays when all have the size 1."""
    (wide,) = run(lambda b: b.add_expand_dims("e", "x0", "y0", [0, -1]), X)
    (narrow,) = run(lambda b: b.add_squeeze("s", "x0", "y0", squeeze_all=True), X[:1, :, :1])
    (single,) = run(lambda b: b.add_squeeze("s", "x0", "y0", squeeze_all=True), [[3]])
    (flat,) = run(lambda b: b.add_flatten_to_2d("f", "x0", "y0", axis=2), X)
    (turned,) = run(lambda b: b.add_transpose("t", (2, 0, 1), "x0", "y0"), X)
    (sizes,) = run(lambda b: b.add_get_shape("g", "x0", "y0"), X)

    assert wide.shape == (1, 2, 3, 4, 1)
    assert narrow.shape == (3,)
    assert single.tolist() == [3]
    assert_allclose(flat, X.reshape(6, 4))
    assert_allclose(turned, X.transpose(2, 0, 1))
    assert sizes.tolist() == [2, 3, 4]


def test_arithmetic_on_a_shape_is_done_while_the_model_is_loaded():
    """A reshape to the reversed shape has a known result."""

    def add(builder):
        builder.add_get_shape("g", "x0", "s")
        builder.add_reverse("v", "s", "t", [True])
        builder.add_reshape_dynamic("r", ["x0", "t"], "y0")

    network = load(build(add, [X.shape]))
    (session,) = network._sessions.values()

    assert session.lowered.outputs[0].type.shape == (4, 3, 2)
    assert_allclose(predict(network, X)["y0"], X.reshape(4, 3, 2))


def test_makers():
    """Constants, numbers repeated, ranges."""
    (constant,) = run(
        lambda b: (b.add_load_constant_nd("c", "k", X, X.shape), b.add_add_broadcastable("a", ["x0", "k"], "y0")), [1.0]
    )
    (filled,) = run(lambda b: b.add_fill_dynamic("f", "x0", "y0", value=5), [2, 3])
    (alike,) = run(lambda b: b.add_fill_like("f", "x0", "y0", value=5), X)
    (spread,) = run(lambda b: b.add_broadcast_to_static("b", "x0", "y0", (2, 3)), [[1], [2]])
    (numbers,) = run(lambda b: b.add_range_dynamic("r", ["x0", "x1", "x2"], "y0"), [7], [1], [2])
    (tiled,) = run(lambda b: b.add_tile("t", "x0", "y0", [2, 3]), [1, 2])
    (hot,) = run(lambda b: b.add_one_hot("o", ["x0"], "y0", 3, on_value=2.0, off_value=-1.0), [2, 0])

    assert_allclose(constant, X + 1)
    assert filled.tolist() == [[5] * 3] * 2
    assert_allclose(alike, np.full(X.shape, 5))
    assert spread.tolist() == [[1] * 3, [2] * 3]
    assert numbers.tolist() == [1, 3, 5]
    assert tiled.tolist() == [[1, 2] * 3] * 2
    assert hot.tolist() == [[-1, -1, 2], [2, -1, -1]]


def test_joining():
    """Behind each other, in turns, along a new axis, and apart again."""
    (behind,) = run(lambda b: b.add_concat_nd("c", ["x0", "x1"], "y0", axis=1), X, -X)
    (turns,) = run(lambda b: b.add_concat_nd("c", ["x0", "x1"], "y0", axis=1, interleave=True), X, -X)
    (stacked,) = run(lambda b: b.add_stack("s", ["x0", "x1"], "y0", axis=-1), X, -X)
    parts = run(lambda b: b.add_split_nd("s", "x0", ["y0", "y1", "y2"], axis=2, num_splits=3), X, outputs=3)
    sizes = run(
        lambda b: b.add_split_nd("s", "x0", ["y0", "y1"], axis=2, num_splits=2, split_sizes=[3, 1]), X, outputs=2
    )

    assert_allclose(behind, np.concatenate([X, -X], 1))
    assert_allclose(turns, np.stack([X, -X], 2).reshape(2, 6, 4))
    assert_allclose(stacked, np.stack([X, -X], -1))
    assert [part.shape[2] for part in parts] == [2, 1, 1]
    assert_allclose(np.concatenate(sizes, 2), X)


def test_slices():
    """By numbers and masks, by blobs, and by a size."""
    (static,) = run(
        lambda b: b.add_slice_static(
            "s",
            "x0",
            "y0",
            [1, -1, 3],
            [0, 0, 0],
            [1, 1, -2],
            [True, False, False],
            [True, False, True],
            [False, True, False],
        ),
        X,
    )
    (dynamic,) = run(
        lambda b: b.add_slice_dynamic(
            "s", ["x0", "x1", "x2"], "y0", strides=[1, 1, 2], begin_masks=[False] * 3, end_masks=[False, True, False]
        ),
        X,
        [0, 1, 1],
        [1, 0, 4],
    )
    (long,) = run(
        lambda b: b.add_slice_dynamic(
            "s", ["x0", "x1", "x2"], "y0", strides=[1] * 5, begin_masks=[False] * 5, end_masks=[False] * 5
        ),
        X,
        [0, 1, 1],
        [1, 3, 4],
    )
    (sized,) = run(lambda b: b.add_slice_by_size("s", ["x0", "x1"], "y0", axis=2, size=2), X, [1])
    (windows,) = run(lambda b: b.add_sliding_windows("w", "x0", "y0", axis=2, window_size=2, step=1), X)

    assert_allclose(static, X[:, -1, 3::-2])
    assert_allclose(dynamic, X[0:1, 1:, 1:4:2])
    assert_allclose(long, X[0:1, 1:3, 1:4])
    assert_allclose(sized, X[:, :, 1:3])
    assert_allclose(windows, np.lib.stride_tricks.sliding_window_view(X, 2, 2))


def test_order_and_bands():
    """Backwards, backwards by lengths, and zeros outside of a band."""
    (back,) = run(lambda b: b.add_reverse("r", "x0", "y0", [True, False, True]), X)
    (lengths,) = run(lambda b: b.add_reverse_sequence("r", ["x0", "x1"], "y0", 0, 2), X, [2, 4])
    (band,) = run(lambda b: b.add_matrix_band_part("m", "x0", "y0", 1, 0), X)
    (lower,) = run(lambda b: b.add_lower_triangular("l", "x0", "y0", k=1), X)
    (upper,) = run(lambda b: b.add_upper_triangular("u", "x0", "y0", k=-1), X)

    assert_allclose(back, X[::-1, :, ::-1])
    assert_allclose(lengths[0], np.concatenate([X[0, :, 1::-1], X[0, :, 2:]], 1))
    assert_allclose(lengths[1], X[1, :, ::-1])
    assert_allclose(band, np.triu(np.tril(X), -1))
    assert_allclose(lower, np.tril(X, 1))
    assert_allclose(upper, np.triu(X, -1))


def test_gathering():
    """Along an axis, by several indices, and element by element; a negative index counts from the end."""
    along = np.float32([[[0, -1, 2, 0]]]).repeat(2, 0)

    (slices,) = run(lambda b: b.add_gather("g", ["x0", "x1"], "y0", axis=1), X, [[0, -1], [1, 1]])
    (places,) = run(lambda b: b.add_gather_nd("g", ["x0", "x1"], "y0"), X, [[0, 2], [1, 0]])
    (elements,) = run(lambda b: b.add_gather_along_axis("g", ["x0", "x1"], "y0", axis=1), X, along)

    assert_allclose(slices, X[:, [[0, -1], [1, 1]]])
    assert_allclose(places, X[[0, 1], [2, 0]])
    assert_allclose(elements, np.take_along_axis(X, along.astype(int), 1))


@pytest.mark.parametrize(
    ("mode", "function"),
    [
        ("UPDATE", lambda old, new: new),
        ("ADD", np.add),
        ("SUB", np.subtract),
        ("MUL", np.multiply),
        ("DIV", np.divide),
        ("MAX", np.maximum),
        ("MIN", np.minimum),
    ],
)
def test_scattering(mode, function):
    """By the three layers, with each way to join old and new."""
    new = RANDOM.uniform(1, 2, (2, 2, 4)).astype(np.float32)
    by_axis, by_place, by_element = X.copy(), X.copy(), X.copy()
    by_axis[:, [2, 0]] = function(X[:, [2, 0]], new)
    by_place[[0, 1], [2, 0]] = function(X[[0, 1], [2, 0]], new[0])
    by_element[:, 1:2] = function(X[:, 1:2], new[:, :1])

    (slices,) = run(lambda b: b.add_scatter("s", ["x0", "x1", "x2"], "y0", 1, mode), X, [2, 0], new)
    (places,) = run(lambda b: b.add_scatter_nd("s", ["x0", "x1", "x2"], "y0", mode), X, [[0, 2], [1, 0]], new[0])
    (elements,) = run(
        lambda b: b.add_scatter_along_axis("s", ["x0", "x1", "x2"], "y0", 1, mode), X, np.ones((2, 1, 4)), new[:, :1]
    )

    assert_allclose(slices, by_axis, rtol=1e-5)
    assert_allclose(places, by_place, rtol=1e-5)
    assert_allclose(elements, by_element, rtol=1e-5)


def test_order_of_elements():
    """The largest and smallest, where they are, and the order of all."""
    values, indices = run(lambda b: b.add_topk("t", ["x0"], ["y0", "y1"], k=2, axis=2), X, outputs=2)
    (smallest, _) = run(lambda b: b.add_topk("t", ["x0"], ["y0", "y1"], 2, 2, True), X, outputs=2)
    (largest,) = run(lambda b: b.add_argmax("a", "x0", "y0", axis=1, keepdims=False), X)
    (order,) = run(lambda b: b.add_argsort("a", "x0", "y0", axis=2, descending=True), X)
    (places,) = run(lambda b: b.add_where_nonzero("w", "x0", "y0"), [[0, 2], [3, 0]])

    assert_allclose(values, -np.sort(-X, 2)[..., :2])
    assert_allclose(indices, np.argsort(-X, 2)[..., :2])
    assert_allclose(smallest, np.sort(X, 2)[..., :2])
    assert_allclose(largest, X.argmax(1))
    assert_allclose(order, np.argsort(-X, 2))
    assert places.tolist() == [[0, 1], [1, 0]]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("l1", lambda v, **k: np.abs(v).sum(**k)),
        ("l2", lambda v, **k: np.sqrt((v**2).sum(**k))),
        ("max", np.max),
        ("min", np.min),
        ("sum", np.sum),
        ("prod", np.prod),
        ("mean", np.mean),
        ("logsum", lambda v, **k: np.log(v.sum(**k))),
        ("sumsquare", lambda v, **k: (v**2).sum(**k)),
        ("logsumexp", logsumexp),
    ],
)
def test_reductions(name, expected):
    """Of some axes, with them or without; of all, in the shape (1,)."""
    x = np.abs(X) + 0.1

    (kept,) = run(lambda b: getattr(b, f"add_reduce_{name}")("r", "x0", "y0", axes=[0, -1], keepdims=True), x)
    (gone,) = run(lambda b: getattr(b, f"add_reduce_{name}")("r", "x0", "y0", axes=[1], keepdims=False), x)
    (whole,) = run(lambda b: getattr(b, f"add_reduce_{name}")("r", "x0", "y0", keepdims=False, reduce_all=True), x)

    assert_allclose(kept, expected(x, axis=(0, 2), keepdims=True), rtol=1e-4)
    assert_allclose(gone, expected(x, axis=1), rtol=1e-4)
    assert_allclose(whole, [expected(x, axis=None)], rtol=1e-4)


@pytest.mark.parametrize(("exclusive", "reverse"), [(False, False), (True, False), (False, True), (True, True)])
def test_cumulative_sum(exclusive, reverse):
    """From either end, with the element itself or without."""
    (y,) = run(lambda b: b.add_cumsum("c", ["x0"], "y0", 2, reverse, exclusive), X)

    turned = X[:, :, ::-1] if reverse else X
    expected = np.cumsum(turned, 2) - (turned if exclusive else 0)
    assert_allclose(y, expected[:, :, ::-1] if reverse else expected, rtol=1e-4, atol=1e-6)


def test_constant_padding():
    """By amounts, and up to sizes."""
    (amounts,) = run(lambda b: b.add_constant_pad("p", ["x0"], "y0", 7.0, False, [0, 1, 2, 0, 0, 0]), X)
    (sizes,) = run(lambda b: b.add_constant_pad("p", ["x0"], "y0", 7.0, True, [0, 4, 5, 0, 0, 0]), X)
    (computed,) = run(lambda b: b.add_constant_pad("p", ["x0", "x1"], "y0", 7.0), X, [0, 1, 2, 0, 0, 0])

    assert_allclose(amounts, np.pad(X, ((0, 1), (2, 0), (0, 0)), constant_values=7))
    assert_allclose(sizes, np.pad(X, ((0, 2), (2, 0), (0, 0)), constant_values=7))
    assert_allclose(computed, amounts)
