"""The changes against a baseline besides time, in lines."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pytest_coreml.report.text.numbers import percent

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pytest_coreml.facts.placement import Operation
    from pytest_coreml.verdict.regression.changes import Changes, Move

# So many of a kind are named; the rest is counted.
_NAMED = 5


def changes_lines(changes: Changes) -> list[str]:
    """Return a line for each kind of change, none if nothing changed."""
    return list(_lines(changes))


def _lines(changes: Changes) -> Iterator[str]:
    yield from _moves(changes.moved)
    if changes.appeared:
        yield f"new operations in the plan: {_operations(changes.appeared)}"
    if changes.vanished:
        yield f"operations gone from the plan: {_operations(changes.vanished)}"
    if changes.operators:
        counts = [f"{operator} {before} -> {now}" for operator, (before, now) in changes.operators.items()]
        yield f"operations: {_some(counts)}"
    for difference in changes.differences:
        yield f"{difference.what}: {_value(difference.before)} -> {_value(difference.now)}"


def _moves(moved: Sequence[Move]) -> Iterator[str]:
    for way in dict.fromkeys((move.before, move.now) for move in moved):
        those = [move for move in moved if (move.before, move.now) == way]
        costs = [move.cost for move in those if move.cost is not None]
        share = f", {percent(sum(costs))} of the cost" if costs else ""
        names = [f"{move.name} ({move.operator}{_cost(move)})" for move in those]
        yield f"planned on {way[1]}, before on {way[0]}: {len(those)} operations{share}: {_some(names)}"


def _cost(move: Move) -> str:
    return f", {percent(move.cost)}" if move.cost is not None else ""


def _operations(ops: Sequence[Operation]) -> str:
    return _some([f"{op.name} ({op.operator}{f' on {op.preferred}' if op.preferred else ''})" for op in ops])


def _some(words: Sequence[str]) -> str:
    rest = f" and {len(words) - _NAMED} more" if len(words) > _NAMED else ""
    return ", ".join(words[:_NAMED]) + rest


def _value(value: Any) -> str:
    if isinstance(value, tuple):
        return ", ".join(map(str, value)) or "none"
    text = str(value) if value is not None else "unknown"
    # A digest is told from another one by its beginning.
    return text[:12] if len(text) == 64 else text
