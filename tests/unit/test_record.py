"""What a record says of itself."""

from __future__ import annotations

import pytest
from report_examples import bare_record


@pytest.mark.parametrize(
    ("test", "names"),
    [
        ("test_a.py::test_b[all]", True),
        ("test_a.py::test_b[Encoder-7-all]", True),
        ("Encoder.mlpackage::all", True),
        ("test_all.py::test_all", False),
        ("test_install.py::test_b[small-cpuOnly]", False),
    ],
)
def test_the_compute_units_are_looked_for_among_the_parameters(test: str, names: bool) -> None:
    """Not in the names of files and tests, which may have the letters of `all` in them."""
    assert bare_record(id=test, compute_units="all").id_names_units == names
