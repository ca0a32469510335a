"""The differences between the boundaries of two models. Facts, not verdicts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pytest_coreml.facts.model_boundary import Boundary, Crossing, HandedCache

Side = Literal["input", "output"]


@dataclass(frozen=True)
class CrossingChange:
    """An input or output that crosses the boundary in another way than before; None where there is none."""

    side: Side
    name: str
    before: Crossing | None
    now: Crossing | None


@dataclass(frozen=True)
class BoundaryChanges:
    """The inputs and outputs that have changed, and the caches that only one of the models hands in and back."""

    crossings: tuple[CrossingChange, ...] = ()
    appeared: tuple[HandedCache, ...] = ()
    vanished: tuple[HandedCache, ...] = ()

    def __bool__(self) -> bool:
        """Return True if anything changed."""
        return any((self.crossings, self.appeared, self.vanished))


def find_boundary_changes(before: Boundary, now: Boundary) -> BoundaryChanges:
    """Compare two boundaries of the same function: declared types, conversions, bytes and caches.

    What is unknown on one side has not changed. A boundary without inputs and outputs is unknown, as that of an old
    report, and so is that of another function.
    """
    if not before.crossings or not now.crossings or before.function != now.function:
        return BoundaryChanges()
    inside = before.why_unknown is None and now.why_unknown is None
    crossings = (
        *_changes("input", before.inputs, now.inputs, inside=inside),
        *_changes("output", before.outputs, now.outputs, inside=inside),
    )
    if not inside:
        return BoundaryChanges(crossings)
    return BoundaryChanges(crossings, _without(now.caches, before.caches), _without(before.caches, now.caches))


def _changes(
    side: Side, before: Sequence[Crossing], now: Sequence[Crossing], *, inside: bool
) -> Iterator[CrossingChange]:
    old, new = ({crossing.name: crossing for crossing in crossings} for crossings in (before, now))
    for name in {**old, **new}:
        change = CrossingChange(side, name, old.get(name), new.get(name))
        if change.before is None or change.now is None or _differ(change.before, change.now, inside=inside):
            yield change


def _differ(before: Crossing, now: Crossing, *, inside: bool) -> bool:
    if before.declared != now.declared or (inside and before.conversions != now.conversions):
        return True
    sizes = (before.size_bytes, now.size_bytes)
    return None not in sizes and sizes[0] != sizes[1]


def _without(these: Sequence[HandedCache], those: Sequence[HandedCache]) -> tuple[HandedCache, ...]:
    known = {(cache.input, cache.output) for cache in those}
    return tuple(cache for cache in these if (cache.input, cache.output) not in known)
