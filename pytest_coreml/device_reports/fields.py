"""Read fields of foreign JSON: a value of an unexpected type is an error that names its place."""

from __future__ import annotations

import math
import re
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import unquote

from pytest_coreml.errors import ReportError, shown

if TYPE_CHECKING:
    from collections.abc import Iterator

# More characters are not a name.
_MAX_TEXT: Final = 200
# Of a person, on a Mac or a device.
_HOME: Final = re.compile(r"(?:file://)?/(?:Users|home|var/mobile)/\S*")
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f]")


class Fields:
    """A JSON value at *place* of the file *source*."""

    def __init__(self, source: str, value: Any, place: str = "") -> None:
        self.source = source
        self.value = value
        self.place = place

    def __contains__(self, name: str) -> bool:
        return isinstance(self.value, dict) and self.value.get(name) is not None

    def __getitem__(self, name: str) -> Fields:
        """Return the field *name*, whose value is None where it is missing."""
        value = self.value.get(name) if isinstance(self.value, dict) else None
        return Fields(self.source, value, f"{self.place}.{name}".lstrip("."))

    def error(self, expected: str) -> ReportError:
        """Return the error about the value, of which something else was *expected*."""
        got = "nothing" if self.value is None else shown(self.value)
        return ReportError(f"{self.source}: {self.place or 'the whole document'}: expected {expected}, got {got}")

    def object(self) -> Fields:
        """Return this if it is an object."""
        if not isinstance(self.value, dict):
            raise self.error("an object")
        return self

    def items(self) -> list[Fields]:
        """Return the items of a list; none if it is missing."""
        if self.value is None:
            return []
        if not isinstance(self.value, list):
            raise self.error("a list")
        return [Fields(self.source, value, f"{self.place}[{index}]") for index, value in enumerate(self.value)]

    def members(self) -> Iterator[tuple[str, Fields]]:
        """Yield the fields of an object with their names as texts; none if it is missing."""
        for name in self.object().value if self.value is not None else ():
            yield clean_text(name), self[name]

    def text(self) -> str | None:
        """Return a text without control characters and home folders; None if it is missing."""
        if self.value is None:
            return None
        if not isinstance(self.value, str):
            raise self.error("a text")
        return clean_text(self.value) or None

    def file_name(self) -> str | None:
        """Return the file name of a path or URL; None if it is missing."""
        if self.value is None or not isinstance(self.value, str):
            return self.text()
        name = self.value.rstrip("/").rpartition("/")[2]
        return Fields(self.source, unquote(name), self.place).text()

    def integer(self) -> int | None:
        """Return a whole number, 0 or more; None if it is missing."""
        if self.value is None:
            return None
        number = self.number(self.value)
        if number != int(number):
            raise self.error("a whole number")
        return int(number)

    def numbers(self) -> list[float]:
        """Return a list of numbers, 0 or more; an empty one if it is missing."""
        values = self.value
        if isinstance(values, list) and values and set(map(type, values)) <= {int, float}:
            # At once, for a series of many samples; a large whole number is for the loop below to refuse.
            with suppress(OverflowError):
                numbers = list(map(float, values))
                if min(numbers) >= 0 and math.isfinite(sum(numbers)):
                    return numbers
        return [item.number(item.value) for item in self.items()]

    def number(self, value: Any) -> float:
        """Return *value* as a finite number, 0 or more."""
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            raise self.error("a number")
        try:
            number = float(value)
        except OverflowError:
            number = math.inf
        if not 0 <= number < math.inf:
            raise self.error("a number, 0 or more")
        return number

    def key(self) -> str | None:
        """Return the name of a case of a Swift enumeration, such as `cpu` of `{"cpu": {}}`; None if it is missing."""
        if self.value is None:
            return None
        if isinstance(self.value, dict) and len(self.value) == 1:
            return clean_text(next(iter(self.value)))
        raise self.error("an object with one field")


def clean_text(text: str) -> str:
    """Return *text* without control characters and home folders, and cut where it is longer than a name."""
    return _HOME.sub(_last_part, _CONTROL.sub(" ", text[:_MAX_TEXT])).strip()


def _last_part(path: re.Match[str]) -> str:
    return path[0].rstrip("/").rpartition("/")[2]
