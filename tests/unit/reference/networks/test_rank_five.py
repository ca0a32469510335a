"""The shapes of the first networks: five dimensions, of which a caller sees what is left of them."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose
from one_layer import build, load, predict, run

RANDOM = np.random.default_rng(0)
X = RANDOM.normal(size=(3, 4, 5)).astype(np.float32)


def test_outputs_without_a_shape_have_all_five_dimensions():
    """An image, and a vector of channels."""
    (image,) = run(lambda b: b.add_activation("a", "RELU", "x0", "y0"), X, rank_five=True)
    (vector,) = run(lambda b: b.add_activation("a", "RELU", "x0", "y0"), X[0, 0], rank_five=True)

    assert image.shape == (1, 1, 3, 4, 5)
    assert vector.shape == (1, 1, 5, 1, 1)


@pytest.mark.parametrize("shape", [(5,), (7, 5), (7, 2, 5), (7, 2, 5, 1, 1)])
def test_a_vector_may_have_a_sequence_and_a_batch(shape):
    """Declared is the number of channels."""
    x = RANDOM.normal(size=shape).astype(np.float32)
    network = load(build(lambda b: b.add_activation("a", "TANH", "x0", "y0"), [(5,)], rank_five=True))

    y = predict(network, x)["y0"]

    assert y.shape == (7 if len(shape) > 1 else 1, 2 if len(shape) > 2 else 1, 5, 1, 1)
    assert_allclose(y.reshape(shape), np.tanh(x), rtol=1e-5)


@pytest.mark.parametrize("shape", [(2, 3, 4, 5), (2, 1, 3, 4, 5)])
def test_an_image_may_have_a_batch_and_a_sequence(shape):
    """Declared are channels, height and width."""
    x = RANDOM.normal(size=shape).astype(np.float32)
    network = load(build(lambda b: b.add_softmax("a", "x0", "y0"), [(3, 4, 5)], rank_five=True))

    y = predict(network, x)["y0"].reshape(shape)

    assert_allclose(y.sum(-3), np.ones((*shape[:-3], 4, 5)), rtol=1e-5)


def test_flatten_counts_channels_first_or_last():
    """Both orders."""
    (first,) = run(lambda b: b.add_flatten("f", 0, "x0", "y0"), X, rank_five=True)
    (last,) = run(lambda b: b.add_flatten("f", 1, "x0", "y0"), X, rank_five=True)

    assert first.shape == (1, 1, 60, 1, 1)
    assert_allclose(first.reshape(60), X.reshape(60))
    assert_allclose(last.reshape(60), X.transpose(1, 2, 0).reshape(60))


def test_reshape():
    """Channels first or last; a fourth number is the length of the sequence."""
    (first,) = run(lambda b: b.add_reshape("r", "x0", "y0", (5, 6, 2), 0), X, rank_five=True)
    (last,) = run(lambda b: b.add_reshape("r", "x0", "y0", (5, 6, 2), 1), X, rank_five=True)
    (sequence,) = run(lambda b: b.add_reshape("r", "x0", "y0", (3, 20, 1, 1), 0), X, rank_five=True)

    assert_allclose(first.reshape(5, 6, 2), X.reshape(5, 6, 2))
    assert_allclose(last.reshape(5, 6, 2), X.transpose(1, 2, 0).reshape(6, 2, 5).transpose(2, 0, 1))
    assert sequence.shape == (3, 1, 20, 1, 1)
    assert_allclose(sequence.reshape(3, 20), X.reshape(3, 20))


def test_permute_may_move_the_sequence():
    """The axes are sequence, channels, height and width."""
    (image,) = run(lambda b: b.add_permute("p", (0, 2, 3, 1), "x0", "y0"), X, rank_five=True)
    (sequence,) = run(lambda b: b.add_permute("p", (3, 1, 2, 0), "x0", "y0"), X, rank_five=True)

    assert_allclose(image[0, 0], X.transpose(1, 2, 0))
    assert sequence.shape == (5, 1, 3, 4, 1)
    assert_allclose(sequence.reshape(5, 3, 4), X.transpose(2, 0, 1))


def test_concat_split_and_repeat():
    """Along the channels, and along the sequence."""
    (joined,) = run(lambda b: b.add_elementwise("c", ["x0", "x1"], "y0", "CONCAT"), X, X + 1, rank_five=True)
    (row,) = run(lambda b: b.add_sequence_repeat("s", 3, "x0", "y0"), X, rank_five=True)
    parts = run(lambda b: b.add_split("s", "x0", ["y0", "y1", "y2"]), X, outputs=3, rank_five=True)

    assert_allclose(joined[0, 0], np.concatenate([X, X + 1]))
    assert_allclose(row, np.repeat(X[None, None], 3, axis=0))
    assert_allclose(np.concatenate([part[0, 0] for part in parts]), X)


@pytest.mark.parametrize(
    ("mode", "expected"),
    [
        ("sum", lambda v: v.sum((1, 2))),
        ("avg", lambda v: v.mean((1, 2))),
        ("prod", lambda v: v.prod((1, 2))),
        ("logsum", lambda v: np.log(v + 1e-6).sum((1, 2))),
        ("sumsquare", lambda v: (v**2).sum((1, 2))),
        ("L1", lambda v: np.abs(v).sum((1, 2))),
        ("L2", lambda v: np.sqrt((v**2).sum((1, 2)))),
        ("max", lambda v: v.max((1, 2))),
        ("min", lambda v: v.min((1, 2))),
    ],
)
def test_reduce(mode, expected):
    """Over height and width, which keep the size 1."""
    x = RANDOM.uniform(0.5, 1.5, (3, 4, 5)).astype(np.float32)

    (y,) = run(lambda b: b.add_reduce("r", "x0", "y0", "HW", mode), x, rank_five=True)

    assert y.shape == (1, 1, 3, 1, 1)
    assert_allclose(y.reshape(3), expected(x), rtol=1e-4)


def test_argmax_of_the_channels():
    """The index as a number."""
    (y,) = run(lambda b: b.add_reduce("r", "x0", "y0", "C", "argmax"), X, rank_five=True)

    assert_allclose(y[0, 0, 0], X.argmax(0))


def test_slice_crop_and_padding():
    """Along the channels; by borders; to the size of another image; around it."""
    (part,) = run(
        lambda b: b.add_slice("s", "x0", "y0", "width", start_index=1, end_index=-1, stride=2), X, rank_five=True
    )
    (cropped,) = run(lambda b: b.add_crop("c", 1, 2, 1, 0, [], ["x0"], "y0"), X, rank_five=True)
    (like,) = run(lambda b: b.add_crop("c", 0, 0, 0, 0, [1, 2], ["x0", "x1"], "y0"), X, X[:, :2, :2], rank_five=True)
    edges = {"left": 1, "right": 2, "top": 1, "bottom": 0, "input_name": "x0", "output_name": "y0"}
    padded = {
        kind: run(lambda b, k=kind: b.add_padding("p", value=7, padding_type=k, **edges), X, rank_five=True)[0][0, 0]
        for kind in ("constant", "reflection", "replication")
    }

    assert_allclose(part[0, 0], X[:, :, 1:-1:2])
    assert_allclose(cropped[0, 0], X[:, 1:, 1:-2])
    assert_allclose(like[0, 0], X[:, 1:3, 2:4])
    amounts = ((0, 0), (1, 0), (1, 2))
    assert_allclose(padded["constant"], np.pad(X, amounts, constant_values=7))
    assert_allclose(padded["reflection"], np.pad(X, amounts, "reflect"))
    assert_allclose(padded["replication"], np.pad(X, amounts, "edge"))


def test_reorganize_data_as_the_comments_of_the_format_show():
    """Eight channels of 1 x 2 to two of 2 x 4, in both orders, and back."""
    x = np.arange(1, 17, dtype=np.float32).reshape(8, 1, 2)
    blocks = [[[1, 5, 2, 6], [9, 13, 10, 14]], [[3, 7, 4, 8], [11, 15, 12, 16]]]

    (space,) = run(lambda b: b.add_reorganize_data("r", "x0", "y0", "DEPTH_TO_SPACE", 2), x, rank_five=True)
    (shuffled,) = run(lambda b: b.add_reorganize_data("r", "x0", "y0", "PIXEL_SHUFFLE", 2), x)
    (back,) = run(lambda b: b.add_reorganize_data("r", "x0", "y0", "SPACE_TO_DEPTH", 2), blocks, rank_five=True)

    assert space[0, 0].tolist() == blocks
    assert shuffled.tolist() == [[[1, 3, 2, 4], [5, 7, 6, 8]], [[9, 11, 10, 12], [13, 15, 14, 16]]]
    assert back[0, 0].tolist() == x.tolist()


def test_a_constant_image():
    """It joins the input by broadcasting."""

    def add(builder):
        builder.add_load_constant("c", "k", X[:, :1, :1].copy(), [3, 1, 1])
        builder.add_elementwise("a", ["x0", "k"], "y0", "ADD")

    (y,) = run(add, X, rank_five=True)

    assert_allclose(y[0, 0], X + X[:, :1, :1], rtol=1e-6)
