"""Which shapes an input may have, and what is said of others."""

from __future__ import annotations

import pytest

from pytest_coreml.reference.interface.allowed_shapes import AllowedShapes

LISTED = AllowedShapes((((1, 1), (3, 3), (28, 28)), ((1, 1), (3, 3), (56, 56))))
RANGED = AllowedShapes((((1, 1), (3, 5), (2, None)),))


@pytest.mark.parametrize(
    ("shapes", "shape"),
    [(LISTED, (1, 3, 28)), (LISTED, (1, 3, 56)), (RANGED, (1, 3, 2)), (RANGED, (1, 5, 10**6))],
)
def test_one_of_the_shapes_is_allowed(shapes, shape):
    """A shape of the list, and the ends of a range."""
    assert shapes.allow(shape)


# The words of Core ML are those that coremltools' tests of its PyTorch and TensorFlow front ends expect.
@pytest.mark.parametrize(
    ("shapes", "shape", "objection"),
    [
        (LISTED, (1, 3, 29), "MultiArray Shape (1 x 3 x 29) was not in enumerated set of allowed shapes"),
        (LISTED, (1, 3), "MultiArray Shape (1 x 3) was not in enumerated set of allowed shapes"),
        (RANGED, (1, 99, 2), "Size (99) of dimension (1) is not in allowed range (3..5)"),
        (RANGED, (1, 2, 2), "Size (2) of dimension (1) is not in allowed range (3..5)"),
        (RANGED, (1, 3, 1), "Size (1) of dimension (2) is not in allowed range (2..)"),
        (RANGED, (2, 3, 2), ""),
        (RANGED, (1, 3), ""),
    ],
)
def test_other_shapes_are_refused_in_core_mls_words(shapes, shape, objection):
    """The meaning of these words is known for lists and ranges."""
    assert not shapes.allow(shape)
    assert shapes.objection(shape) == objection
