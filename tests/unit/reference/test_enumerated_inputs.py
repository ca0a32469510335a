"""A prediction with enumerated shapes of several inputs, arrays and images."""

from __future__ import annotations

import coremltools as ct
import numpy as np
import pytest
from coremltools.converters.mil import Builder as mb  # noqa: N813 - the name that everybody uses
from coremltools.converters.mil.mil import get_new_symbol
from PIL import Image

pytestmark = pytest.mark.usefixtures("dropin")


def shapes(*listed):
    """Return enumerated shapes of which the first is the default."""
    return ct.EnumeratedShapes(shapes=list(listed), default=listed[0])


@pytest.fixture
def model():
    """Build the sum of a picture and a mask, whose sizes go together."""
    picture = (1, 3, get_new_symbol(), get_new_symbol())

    @mb.program(
        input_specs=[mb.TensorSpec(picture), mb.TensorSpec((1, get_new_symbol()))], opset_version=ct.target.iOS18
    )
    def program(picture, mask):
        total = mb.reduce_sum(x=picture, axes=[1, 2, 3])
        return mb.add(x=total, y=mb.reduce_sum(x=mask, axes=[1]), name="y")

    inputs = [
        ct.ImageType(name="picture", shape=shapes((1, 3, 2, 2), (1, 3, 4, 4))),
        ct.TensorType(name="mask", shape=shapes((1, 5), (1, 9))),
    ]
    return ct.convert(
        program,
        convert_to="mlprogram",
        inputs=inputs,
        minimum_deployment_target=ct.target.iOS18,
        compute_precision=ct.precision.FLOAT32,
    )


def values(size, length):
    """Return a black picture and a mask of ones."""
    return {"picture": Image.new("RGB", (size, size)), "mask": np.ones((1, length), np.float32)}


def test_only_sizes_of_one_index_go_together(model):
    """As Core ML has it, where any other pair is an error on the device."""
    assert [model.predict(values(*pair))["y"].item() for pair in ((2, 5), (4, 9))] == [5, 9]
    for pair in ((2, 9), (4, 5)):
        with pytest.raises(RuntimeError, match=r"go together by their index: picture \[2, 2\] with mask \[1, 5\]; "):
            model.predict(values(*pair))
