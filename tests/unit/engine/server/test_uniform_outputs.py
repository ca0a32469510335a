"""Outputs all of whose elements are equal."""

from __future__ import annotations

import numpy as np
import pytest

from pytest_coreml.engine.server.uniform_outputs import find_uniform
from pytest_coreml.facts.uniform_output import UniformOutput

ZEROS = np.zeros((2, 500), np.float32)
RAMP = np.arange(1000, dtype=np.float32).reshape(2, 500)


def test_zeros_and_constants_are_found_by_name() -> None:
    """With value and number of elements."""
    found = find_uniform({"logits": ZEROS, "ramp": RAMP, "half": np.full((10,), 0.5, np.float16)})

    assert found == (UniformOutput("logits", 0.0, 1000), UniformOutput("half", 0.5, 10))


def test_one_other_element_in_the_middle_is_enough() -> None:
    """Equal ends do not prove it."""
    spike = ZEROS.copy()
    spike[1, 3] = 1

    assert find_uniform({"spike": spike}) == ()


def test_a_batch_must_agree() -> None:
    """An output that is zero for one input only is not uniform."""
    assert find_uniform([{"y": ZEROS}, {"y": RAMP}]) == ()
    assert find_uniform([{"y": ZEROS}, {"y": ZEROS}]) == (UniformOutput("y", 0.0, 1000),)


@pytest.mark.parametrize(
    "value",
    [np.zeros(3, np.float32), np.zeros(100, np.int32), np.full(100, np.nan), np.full(100, np.inf), "label", {"a": 0.0}],
    ids=["few", "integers", "NaN", "infinite", "text", "dictionary"],
)
def test_what_may_well_be_equal_is_not_looked_at(value) -> None:
    """Values that are not finite have a separate check."""
    assert find_uniform({"y": value}) == ()
