"""Whether two runs were made on the same kind of machine, so that their times can be compared."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

# Each is a place in a report's machine, and the word for it.
_PLACES: Final[tuple[tuple[tuple[str, ...], str], ...]] = (
    (("chip",), "chip"),
    (("cores", "total"), "cores"),
    (("os", "name"), "operating system"),
    (("os", "build"), "OS build"),
    (("runtime", "name"), "runtime"),
    (("runtime", "version"), "runtime version"),
    (("threads",), "threads"),
)


def machine_differences(one: Mapping[str, Any], other: Mapping[str, Any]) -> list[str]:
    """Name what makes times of the two machines incomparable, as `OS build 25F80, now 25G12`; empty when nothing."""
    pairs = ((word, _at(one, place), _at(other, place)) for place, word in _PLACES)
    return [f"{word} {before}, now {now}" for word, before, now in pairs if before != now]


def _at(machine: Mapping[str, Any], place: tuple[str, ...]) -> Any:
    value: Any = machine
    for step in place:
        value = value.get(step) if value is not None else None
    return value
