"""The categorical mapping, both ways, of one value and of sequences."""

from __future__ import annotations

import pytest
from classic_models import make_spec, predict

from pytest_coreml.reference.errors import BadInputError


def to_numbers(input_="string", output="int64"):
    """Return a mapping from strings to integers."""
    spec, part = make_spec("categoricalMapping", {"x": input_}, {"y": output})
    part.stringToInt64Map.map.update({"cat": 7, "dog": 9})
    return spec, part


def test_strings_to_integers_and_back():
    """Each value by the map."""
    spec, part = make_spec("categoricalMapping", {"x": "int64"}, {"y": "string"})
    part.int64ToStringMap.map.update({7: "cat"})

    assert predict(to_numbers()[0], x="dog")["y"] == 9
    assert predict(spec, x=7)["y"] == "cat"


def test_a_sequence_is_mapped_value_by_value():
    """A sequence becomes a sequence."""
    assert predict(to_numbers("sequence string", "sequence int64")[0], x=["dog", "cat"])["y"] == [9, 7]


def test_an_unknown_value():
    """It becomes the default; without one it is an error."""
    spec, part = to_numbers()
    with pytest.raises(BadInputError, match="'cow' is not in the mapping"):
        predict(spec, x="cow")
    part.int64Value = 0
    assert predict(spec, x="cow")["y"] == 0
