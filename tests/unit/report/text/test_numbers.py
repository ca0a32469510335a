"""Numbers as people read them."""

from __future__ import annotations

import pytest

from pytest_coreml.report.text.numbers import check_figure


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (1.0, "1"),
        (0.99, "0.99"),
        (0.999999, "0.999999"),
        (0.99999999, "0.99999999"),
        (1 - 2**-52, "1"),
    ],
)
def test_a_cosine_beside_one_does_not_read_as_one(value: float, expected: str) -> None:
    """A limit of 1 is another one; more digits than a limit has are noise."""
    assert check_figure("min_cosine[y]", value) == expected
