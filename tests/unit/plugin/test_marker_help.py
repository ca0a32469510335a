"""The descriptions of our markers fit what they take."""

from __future__ import annotations

from dataclasses import fields

import pytest

from pytest_coreml.facts.limits import Budget, PlacementRule
from pytest_coreml.plugin.marker_help import DESCRIPTIONS
from pytest_coreml.plugin.names import MARKS


@pytest.mark.parametrize(("name", "data"), [("coreml_budget", Budget), ("coreml_placement", PlacementRule)])
def test_the_description_of_a_marker_names_every_argument(name: str, data: type) -> None:
    """`pytest --markers` names the arguments in the order of the data that they become."""
    expected = f"{name}({', '.join(field.name for field in fields(data))}): "

    assert DESCRIPTIONS[name].startswith(expected)


def test_every_marker_is_described() -> None:
    """A run registers the names, and `pytest --markers` the descriptions."""
    assert tuple(DESCRIPTIONS) == MARKS
