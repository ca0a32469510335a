"""Collects what cannot be lowered, so that a user learns all of it at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_coreml.reference.errors import UnsupportedModelError

if TYPE_CHECKING:
    from pytest_coreml.reference.format.program import Operation


class Refusals:
    """Operations that were refused, by type and reason, in the order of the program."""

    def __init__(self) -> None:
        """Begin with none."""
        self._names: dict[tuple[str, str], list[str]] = {}

    def add(self, op: Operation, reason: str) -> None:
        """Remember that an operation was refused."""
        self._names.setdefault((op.type, reason), []).append(op.name)

    def check(self) -> None:
        """Raise `UnsupportedModelError` when anything was refused."""
        if not self._names:
            return
        count = sum(map(len, self._names.values()))
        lines = [
            f"  {op_type} x{len(names)} (first: {names[0]!r}): {reason}"
            for (op_type, reason), names in self._names.items()
        ]
        what = "1 operation is" if count == 1 else f"{count} operations are"
        raise UnsupportedModelError("\n".join([f"{what} not supported by the reference runtime:", *lines]))
