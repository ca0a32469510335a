"""Enumerated shapes of several inputs go together by their index."""

from __future__ import annotations

import pytest

from pytest_coreml.reference.errors import BadInputError
from pytest_coreml.reference.interface.allowed_shapes import AllowedShapes
from pytest_coreml.reference.interface.paired_shapes import Enumerated, PairedShapes


def listed(name, *shapes):
    """Return an input with these shapes, the first of which is the default one."""
    return Enumerated(name, AllowedShapes(tuple(tuple((size, size) for size in shape) for shape in shapes)), shapes[0])


X = listed("x", (1, 4), (1, 8), (1, 4))
Y = listed("y", (1, 6), (1, 12), (1, 18))
FIXED = listed("fixed", (3,))


@pytest.mark.parametrize(("x", "y"), [((1, 4), (1, 6)), ((1, 8), (1, 12)), ((1, 4), (1, 18))])
def test_shapes_of_one_index_are_accepted(x, y):
    """A shape that is listed twice goes with both of the others; a fixed input goes with all."""
    PairedShapes([X, FIXED, Y]).check({"x": x, "y": y, "fixed": (3,)})


def test_shapes_of_different_indices_are_refused():
    """The error names what goes together."""
    with pytest.raises(BadInputError) as refusal:
        PairedShapes([X, FIXED, Y]).check({"x": (1, 8), "y": (1, 6), "fixed": (3,)})

    assert str(refusal.value) == (
        "enumerated shapes go together by their index: x [1, 4] with y [1, 6]; x [1, 8] with y [1, 12]; "
        "x [1, 4] with y [1, 18]; got x [1, 8] with y [1, 6]"
    )


def test_what_has_no_common_index_is_not_checked():
    """One input alone, an input that is left out, lists of different lengths, and the default shapes."""
    PairedShapes([X, FIXED]).check({"x": (1, 8), "fixed": (3,)})
    PairedShapes([X, Y]).check({"y": (1, 12)})
    PairedShapes([X, listed("z", (1,), (2,))]).check({"x": (1, 8), "z": (1,)})
    other_default = Y._replace(default=(1, 12))
    PairedShapes([X, other_default]).check({"x": (1, 4), "y": (1, 12)})
