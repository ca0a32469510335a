"""Dataclasses become JSON objects field by field, by the annotations of the fields."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from pytest_coreml.report.document.dataclass_codec import DataclassCodec, ValueCodec


@dataclass
class Point:
    """A dataclass with a field that JSON can hold and one that it cannot."""

    name: str
    position: tuple[int, ...] = (0, 0)


TABLE = {"str": None, "tuple[int, ...]": ValueCodec(list, tuple)}


def test_each_field_is_encoded_by_its_annotation():
    """Tuples become lists, text stays text."""
    assert DataclassCodec(Point, TABLE).encode(Point("a", (1, 2))) == {"name": "a", "position": [1, 2]}


def test_derived_entries_are_added_and_not_decoded():
    """Values that follow from the fields are in the object for its readers."""
    codec = DataclassCodec(Point, TABLE, derived=lambda point: {"size": len(point.position)})

    entry = codec.encode(Point("a", (1, 2)))

    assert entry["size"] == 2
    assert codec.decode(entry) == Point("a", (1, 2))


def test_a_missing_entry_gets_the_default_of_the_field():
    """Reports of older versions have fewer entries."""
    assert DataclassCodec(Point, TABLE).decode({"name": "a"}) == Point("a", (0, 0))


def test_a_missing_entry_without_default_gets_the_absent_value():
    """A field without a default may be optional in a report anyway."""
    assert DataclassCodec(Point, TABLE, absent={"name": ""}).decode({"position": [1]}) == Point("", (1,))


def test_an_unknown_annotation_is_refused():
    """A new kind of field cannot be written by accident in a form that cannot be read."""
    with pytest.raises(TypeError, match=r"Point\.position: no codec for the annotation 'tuple\[int, \.\.\.\]'"):
        DataclassCodec(Point, {"str": None})
