"""Encode dataclasses as JSON objects, and decode them, field by field.

A field is handled by its annotation. `report/document/codec.py` has the table of annotations.
"""

from __future__ import annotations

from dataclasses import fields
from operator import attrgetter, itemgetter
from typing import TYPE_CHECKING, Any, Generic, NamedTuple, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

Json = dict[str, Any]
T = TypeVar("T")


class ValueCodec(NamedTuple):
    """Encode and decode one value."""

    encode: Callable[[Any], Any]
    """Return the JSON value of a value."""
    decode: Callable[[Any], Any] | None
    """Return the value of a JSON value; None if they are the same."""


class DataclassCodec(Generic[T]):
    """Encode and decode the instances of one dataclass.

    Each field becomes an entry with its name, but for those with the metadata `reported=False`. *by_annotation*: the
    codec of each annotation, None if its values are JSON values. *derived*: computes further entries, which are not
    decoded. *absent*: values for missing entries of fields without a default.

    Raise `TypeError` if a field's annotation is not in the table, so that a new kind of field cannot be forgotten.
    """

    def __init__(
        self,
        cls: type[T],
        by_annotation: Mapping[str, ValueCodec | None],
        derived: Callable[[T], Json] | None = None,
        absent: Mapping[str, Any] | None = None,
    ) -> None:
        self._cls = cls
        every = fields(cls)  # type: ignore[arg-type]  # T is a dataclass
        annotations = {field.name: str(field.type) for field in every if field.metadata.get("reported", True)}
        self._names = tuple(annotations)
        self._values = attrgetter(*self._names)
        self._items = itemgetter(*self._names)
        codecs = {name: _find(cls, name, text, by_annotation) for name, text in annotations.items()}
        found = [(name, codec) for name, codec in codecs.items() if codec is not None]
        self._encoders = [(name, codec.encode) for name, codec in found]
        self._decoders = [(name, codec.decode) for name, codec in found if codec.decode is not None]
        self._derived = derived
        self._absent = dict(absent or {})

    def encode(self, value: T) -> Json:
        """Return the JSON object of *value*."""
        entry: Json = dict(zip(self._names, self._values(value), strict=True))
        for name, encode in self._encoders:
            entry[name] = encode(entry[name])
        if self._derived is not None:
            entry.update(self._derived(value))
        return entry

    def decode(self, entry: Json, **decoded: Any) -> T:
        """Return the instance of a JSON object; fields that are missing in it get their defaults.

        *decoded*: values of fields that replace those of the entry.
        """
        try:
            # The entries of this version's reports are complete. This takes half as long as a test of each name.
            values = dict(zip(self._names, self._items(entry), strict=True))
        except KeyError:
            values = self._absent | {name: entry[name] for name in self._names if name in entry}
        for name, decode in self._decoders:
            if name in values:
                values[name] = decode(values[name])
        values.update(decoded)
        return self._cls(**values)


def _find(cls: type, name: str, annotation: str, by_annotation: Mapping[str, ValueCodec | None]) -> ValueCodec | None:
    if annotation not in by_annotation:
        raise TypeError(f"{cls.__name__}.{name}: no codec for the annotation {annotation!r}")
    return by_annotation[annotation]
