"""Collect the operations that cannot be lowered, to report all of them at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_coreml.reference.errors import UnsupportedModelError

if TYPE_CHECKING:
    from typing import Protocol

    class Named(Protocol):
        """An operation of a program, or a layer of a network."""

        @property
        def type(self) -> str:
            """Its type."""

        @property
        def name(self) -> str:
            """Its name."""


class Refusals:
    """Refused operations by type and reason, in the order of the program."""

    def __init__(self, noun: str = "operation") -> None:
        """Begin with none; messages call each a *noun*."""
        self._noun = noun
        self._names: dict[tuple[str, str], list[str]] = {}

    def add(self, op: Named, reason: str) -> None:
        """Record a refused operation."""
        self._names.setdefault((op.type, reason), []).append(op.name)

    def check(self) -> None:
        """Raise `UnsupportedModelError` if any operation was refused."""
        if not self._names:
            return
        count = sum(map(len, self._names.values()))
        lines = [
            f"  {op_type} x{len(names)} (first: {names[0]!r}): {reason}"
            for (op_type, reason), names in self._names.items()
        ]
        what = f"1 {self._noun} is" if count == 1 else f"{count} {self._noun}s are"
        raise UnsupportedModelError("\n".join([f"{what} not supported by the reference runtime:", *lines]))
