"""The changes against a baseline besides time, in lines."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Final

from pytest_coreml.facts.agreement import LIMITS
from pytest_coreml.report.text.boundary_text import bytes_text, crossing_text
from pytest_coreml.report.text.numbers import check_figure, check_words, count_of, percent

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pytest_coreml.facts.agreement import Measure
    from pytest_coreml.facts.model_boundary import HandedCache
    from pytest_coreml.facts.placement import Move, Operation
    from pytest_coreml.verdict.regression.agreement_drops import AgreementDrop
    from pytest_coreml.verdict.regression.boundary_changes import BoundaryChanges, CrossingChange
    from pytest_coreml.verdict.regression.changes import Changes

# So many of a kind are named; the rest is counted.
_NAMED = 5
_LIMIT_OF: Final[dict[Measure, str]] = {measure: limit for limit, measure in LIMITS.items()}


def changes_lines(changes: Changes) -> list[str]:
    """Return a line for each kind of change, none if nothing changed."""
    return list(_lines(changes))


def _lines(changes: Changes) -> Iterator[str]:
    yield from move_lines(changes.moved)
    if changes.appeared:
        yield f"new operations in the plan: {_operations(changes.appeared)}"
    if changes.vanished:
        yield f"operations gone from the plan: {_operations(changes.vanished)}"
    if changes.operators:
        counts = [f"{operator} {before} -> {now}" for operator, (before, now) in changes.operators.items()]
        yield f"operations: {_some(counts)}"
    for difference in changes.differences:
        yield f"{difference.what}: {_value(difference.before)} -> {_value(difference.now)}"
    yield from _drops(changes.drops)
    yield from _boundary(changes.boundary)


def move_lines(moved: Sequence[Move]) -> Iterator[str]:
    """Yield a line for each pair of devices between which operations have moved."""
    for way in dict.fromkeys((move.before, move.now) for move in moved):
        those = [move for move in moved if (move.before, move.now) == way]
        costs = [move.cost for move in those if move.cost is not None]
        share = f", {percent(sum(costs))} of the cost" if costs else ""
        names = [f"{move.name} ({move.operator}{_cost(move)})" for move in those]
        yield f"planned on {way[1]}, before on {way[0]}: {count_of('operation', len(those))}{share}: {_some(names)}"


def _cost(move: Move) -> str:
    return f", {percent(move.cost)}" if move.cost is not None else ""


def _operations(ops: Sequence[Operation]) -> str:
    return _some([f"{op.name} ({op.operator}{f' on {op.preferred}' if op.preferred else ''})" for op in ops])


def _drops(drops: Sequence[AgreementDrop]) -> Iterator[str]:
    for reference in dict.fromkeys(drop.reference for drop in drops):
        outputs = [f"{drop.output} ({_drop(drop)})" for drop in drops if drop.reference == reference]
        yield f"less agreement with {reference}: {_some(outputs)}"


def _drop(drop: AgreementDrop) -> str:
    if drop.non_finite is not None:
        return f"not comparable now, {drop.non_finite.value} for input {drop.non_finite.input}"
    if any(_is_equal(measure, before) for measure, (before, _) in drop.measures.items()):
        return f"identical before, now {', '.join(_measure(name, now) for name, (_, now) in drop.measures.items())}"
    return ", ".join(
        f"{_measure(name, before)} -> {_figure(name, now)}" for name, (before, now) in drop.measures.items()
    )


def _is_equal(measure: Measure, value: float) -> bool:
    return measure in ("psnr", "snr") and value == math.inf


def _measure(measure: Measure, value: float) -> str:
    return f"{check_words(_LIMIT_OF[measure]).removesuffix(' of')} {_figure(measure, value)}"


def _figure(measure: Measure, value: float) -> str:
    return check_figure(_LIMIT_OF[measure], value)


def _boundary(changes: BoundaryChanges) -> Iterator[str]:
    yield from map(_crossing, changes.crossings[:_NAMED])
    if len(changes.crossings) > _NAMED:
        yield f"{len(changes.crossings) - _NAMED} more inputs and outputs differ at the boundary"
    if changes.appeared:
        yield f"newly passed in and returned updated: {_caches(changes.appeared)}"
    if changes.vanished:
        yield f"no longer passed in and returned: {_caches(changes.vanished)}"


def _crossing(change: CrossingChange) -> str:
    is_output = change.side == "output"
    before, now = (
        crossing_text(crossing, is_output=is_output) if crossing is not None else "none"
        for crossing in (change.before, change.now)
    )
    return f"{change.side} {change.name}: {before} -> {now}"


def _caches(caches: Sequence[HandedCache]) -> str:
    return _some([f"{cache.input} as {cache.output}{_bytes(cache)}" for cache in caches])


def _bytes(cache: HandedCache) -> str:
    return f" ({bytes_text(cache.size_bytes)})" if cache.size_bytes is not None else ""


def _some(words: Sequence[str]) -> str:
    rest = f" and {len(words) - _NAMED} more" if len(words) > _NAMED else ""
    return ", ".join(words[:_NAMED]) + rest


def _value(value: Any) -> str:
    if isinstance(value, tuple):
        return ", ".join(map(str, value)) or "none"
    text = str(value) if value is not None else "unknown"
    # A digest is told from another one by its beginning.
    return text[:12] if len(text) == 64 else text
