"""Names of an ML Program and what they stand for; inner blocks may shadow outer names."""

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
    """A named value: its type in the program, and what it was lowered to.

    None when the operation that makes it was refused, so that what depends on it is not refused for a second time.
    """

    type: ValueType
    result: Result | None


class Scope:
    """A stack of tables of names."""

    def __init__(self) -> None:
        """Begin with the table of the function."""
        self._tables: list[dict[str, Symbol]] = [{}]

    def bind(self, name: str, symbol: Symbol) -> None:
        """Give a name its meaning in the innermost table."""
        self._tables[-1][name] = symbol

    def find(self, name: str) -> Symbol | None:
        """Give the innermost meaning of a name."""
        for table in reversed(self._tables):
            if name in table:
                return table[name]
        return None

    @contextlib.contextmanager
    def inner(self) -> Iterator[None]:
        """Keep new names to the `with` block."""
        self._tables.append({})
        try:
            yield
        finally:
            self._tables.pop()
