"""Elements moved between channels or batches and image, against reshapes written out."""

from __future__ import annotations

import numpy as np
import pytest
from coremltools.converters.mil import Builder as mb  # noqa: N813 - the name that everybody uses
from coremltools.converters.mil.mil import get_new_symbol
from one_op import run_op

X = np.arange(192, dtype=np.float32).reshape(1, 12, 4, 4)
DEEP = X.reshape(1, 2, 2, 3, 4, 4).transpose(0, 3, 4, 1, 5, 2).reshape(1, 3, 8, 8)
SHUFFLED = X.reshape(1, 3, 2, 2, 4, 4).transpose(0, 1, 4, 2, 5, 3).reshape(1, 3, 8, 8)


@pytest.mark.operation
@pytest.mark.parametrize(
    ("body", "x", "expected"),
    [
        pytest.param(lambda x: mb.depth_to_space(x=x, block_size=2), X, DEEP, id="depth_to_space"),
        pytest.param(lambda x: mb.space_to_depth(x=x, block_size=2), DEEP, X, id="space_to_depth"),
        pytest.param(lambda x: mb.pixel_shuffle(x=x, upscale_factor=2), X, SHUFFLED, id="pixel_shuffle"),
        pytest.param(
            lambda x: mb.pixel_unshuffle(x=x, downscale_factor=np.uint32(2)), SHUFFLED, X, id="pixel_unshuffle"
        ),
    ],
)
def test_channels_and_image(body, x, expected):
    """Blocks of the image are channels, which change faster or slower than the place in the block."""
    (result,) = run_op(body, x)

    assert result.tolist() == expected.tolist()


def test_channels_whose_number_is_known_when_the_model_runs():
    """They are counted then."""
    shape = [get_new_symbol() for _ in range(4)]

    (result,) = run_op(lambda x: mb.pixel_unshuffle(x=x, downscale_factor=np.uint32(2)), SHUFFLED, shapes=[shape])

    assert result.tolist() == X.tolist()


@pytest.mark.operation("space_to_batch", "batch_to_space")
@pytest.mark.parametrize("flexible", [False, True])
def test_batches_and_image(flexible):
    """The two operations undo each other, padding cropped."""
    x = np.arange(30, dtype=np.float32).reshape(2, 1, 3, 5)
    padded = np.pad(x, [(0, 0), (0, 0), (0, 1), (1, 0)])
    expected = np.concatenate([padded[:, :, i::2, j::3] for i in range(2) for j in range(3)])
    shape = (get_new_symbol(), 1, get_new_symbol(), get_new_symbol()) if flexible else x.shape

    def body(x):
        batches = mb.space_to_batch(x=x, block_shape=[2, 3], paddings=[[0, 1], [1, 0]])
        return batches, mb.batch_to_space(x=batches, block_shape=[2, 3], crops=[[0, 1], [1, 0]])

    batches, image = run_op(body, x, shapes=[shape])

    assert batches.tolist() == expected.tolist()
    assert image.tolist() == x.tolist()
