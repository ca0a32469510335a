"""A program of a few bytes cannot ask for gigabytes while it is loaded."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from coremltools.converters.mil import Builder as mb  # noqa: N813 - the name that everybody uses
from one_op import build, load_program

from pytest_coreml.reference.errors import UnsupportedModelError

HUGE = 1 << 28


@pytest.mark.parametrize(
    ("body", "shape"),
    [
        pytest.param(lambda x: mb.layer_norm(x=x, axes=[-1]), (1, HUGE), id="layer_norm"),
        pytest.param(lambda x: mb.instance_norm(x=x), (1, HUGE, 1), id="instance_norm"),
        pytest.param(lambda x: mb.sliding_windows(x=x, axis=1, size=2), (1, HUGE), id="sliding_windows"),
        pytest.param(lambda x: mb.sliding_windows(x=x, axis=1, size=HUGE), (1, HUGE + 1), id="sliding_windows of size"),
        pytest.param(
            lambda x: mb.crop_resize(x=x, boxes=np.zeros((1, 4), np.float32), target_height=HUGE, target_width=1),
            (1, 1, 2, 2),
            id="crop_resize",
        ),
        pytest.param(
            lambda x: mb.affine(
                x=x,
                transform_matrix=np.zeros((1, 6), np.float32),
                output_height=HUGE,
                output_width=1,
                sampling_mode="bilinear",
                padding_mode="constant",
                padding_value=0.0,
                coordinates_mode="normalized_minus_one_to_one",
                align_corners=True,
            ),
            (1, 1, 2, 2),
            id="affine",
        ),
    ],
)
def test_arrays_that_the_lowering_makes(body, shape):
    """They have a limit, and the operation is named."""
    model = build(body, [np.zeros(1, np.float32)], shapes=[shape])

    with pytest.raises(UnsupportedModelError, match=r"\(first: .*it requires a huge array, of .*26843545[56]"):
        load_program(Path(model.package_path))
