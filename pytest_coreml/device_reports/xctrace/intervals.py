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
    total, last = 0, 0
    for start, end in sorted([(event.start_ns, event.start_ns + event.duration_ns) for event in events]):
        if end > last:
            total += end - max(last, start)
            last = end
    return total
