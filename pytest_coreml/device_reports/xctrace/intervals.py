"""Intervals of time that overlap."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pytest_coreml.facts.timeline import Event


def busy_ns(events: Iterable[Event]) -> int:
    """Return the time in which at least one of *events* went on.

    Rows of a device overlap and contain each other: their sum would count a moment several times.
    """
    total, end = 0, 0
    for event in sorted(events, key=lambda event: event.start_ns):
        total += max(0, event.end_ns - max(end, event.start_ns))
        end = max(end, event.end_ns)
    return total
