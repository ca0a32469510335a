"""Names of an ML Program and their meanings; inner blocks may shadow outer names."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_coreml.reference.format.types import ValueType
    from pytest_coreml.reference.lowering.results import Result


@dataclass(frozen=True)
class Symbol:
    """A named value: its type in the program, and its result.

    The result is None if the operation was refused, so that operations depending on it are not refused as well.
    """

    type: ValueType
    result: Result | None


class Scope:
    """A stack of name tables."""

    def __init__(self) -> None:
        """Start with the table of the function."""
        self._tables: list[dict[str, Symbol]] = [{}]

    def bind(self, name: str, symbol: Symbol) -> None:
        """Bind a name in the innermost table."""
        self._tables[-1][name] = symbol

    def find(self, name: str) -> Symbol | None:
        """Return the innermost meaning of a name, or None if it has none."""
        for table in reversed(self._tables):
            if name in table:
                return table[name]
        return None

    @contextlib.contextmanager
    def inner(self) -> Iterator[None]:
        """Limit new names to the `with` block."""
        self._tables.append({})
        try:
            yield
        finally:
            self._tables.pop()
