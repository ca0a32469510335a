"""The conditions of the machine before and after each measurement."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from pytest_coreml.errors import hidden_for_ours
from pytest_coreml.machine.facts import Conditions

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_coreml.facts.measurement import Thermal

__tracebackhide__ = hidden_for_ours

T = TypeVar("T")


class Watch:
    """Read the conditions around each measurement; *first* and *last* are those of the whole run so far."""

    def __init__(self, read: Callable[[], Conditions]) -> None:
        self._read = read
        self.first: Conditions | None = None
        self.last = Conditions()

    def during(self, work: Callable[[], T]) -> tuple[T, Thermal | None]:
        """Do the *work*; return its result, and the thermal states before and after it, None if unknown."""
        before = self._read()
        self.first = self.first or before
        done = work()
        self.last = after = self._read()
        known = before.thermal is not None and after.thermal is not None
        return done, (str(before.thermal), str(after.thermal)) if known else None
