"""The differences from a baseline besides time: placement, operations, weights, agreement, boundary, software.

They are facts, not verdicts.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from pytest_coreml.facts.placement import Move
from pytest_coreml.verdict.regression.agreement_drops import AgreementDrop, find_drops
from pytest_coreml.verdict.regression.boundary_changes import BoundaryChanges, find_boundary_changes
from pytest_coreml.verdict.regression.machine_kind import value_at

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pytest_coreml.facts.placement import Operation, Placement
    from pytest_coreml.verdict.regression.run import Run


@dataclass(frozen=True)
class Difference:
    """Something that has another value than before; *what* is the word for it."""

    what: str
    before: Any
    now: Any


@dataclass(frozen=True)
class Changes:
    """The differences between two runs.

    *moved*: the costliest first. *appeared*, *vanished*: operations of one plan only. *operators*: how often operators
    occur, where that changed. *differences*: size, precision, hash, versions. *drops*: outputs that agree less with
    their reference. *boundary*: what crosses it, and what is converted there.
    """

    moved: tuple[Move, ...] = ()
    appeared: tuple[Operation, ...] = ()
    vanished: tuple[Operation, ...] = ()
    operators: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    differences: tuple[Difference, ...] = ()
    drops: tuple[AgreementDrop, ...] = ()
    boundary: BoundaryChanges = field(default_factory=BoundaryChanges)

    def __bool__(self) -> bool:
        """Return True if anything changed."""
        return any(vars(self).values())


# Places in a report's machine that say why a plan or a time may be another one, though the model is the same.
_SOFTWARE: Final = ((("os", "build"), "OS build"), (("coremltools",), "coremltools"))
_OF_MODEL: Final = (("sha256", "model hash"), ("size_bytes", "size in bytes"), ("precision", "precision"))

# What an operation is known by: its first output and its operator, never its place in the program.
_Identity = tuple[str, str]


def find_changes(before: Run, now: Run) -> Changes:
    """Compare two runs of the same test on the same compute units, whatever machine and model they are of."""
    moved, appeared, vanished = _plans(before.placement, now.placement)
    return Changes(
        moved,
        appeared,
        vanished,
        _operators(before, now),
        tuple(_differences(before, now)),
        find_drops(before.agreement, now.agreement),
        _boundary(before, now),
    )


def find_moves(before: Placement, now: Placement) -> list[tuple[Operation, Operation]]:
    """Return the operations of two plans that are planned for another device than before, as they were and are."""
    old, new = _by_identity(before), _by_identity(now)
    return [
        pair
        for identity, ops in new.items()
        for pair in zip(old.get(identity, ()), ops, strict=False)
        if None not in (pair[0].preferred, pair[1].preferred) and pair[0].preferred != pair[1].preferred
    ]


def _plans(
    before: Placement | None, now: Placement | None
) -> tuple[tuple[Move, ...], tuple[Operation, ...], tuple[Operation, ...]]:
    if before is None or now is None or before.unknown or now.unknown:
        return (), (), ()
    old, new = _by_identity(before), _by_identity(now)
    moved = [move for pair in find_moves(before, now) if (move := _move(*pair)) is not None]
    moved.sort(key=lambda move: -(move.cost or 0.0))
    return tuple(moved), _surplus(new, old), _surplus(old, new)


def _by_identity(placement: Placement) -> dict[_Identity, list[Operation]]:
    found: dict[_Identity, list[Operation]] = defaultdict(list)
    for op in placement.ops:
        if op.counts:
            found[(op.name, op.operator)].append(op)
    return dict(found)


def _move(before: Operation, now: Operation) -> Move | None:
    if before.preferred is None or now.preferred is None:
        return None
    cost = now.cost if now.cost is not None else before.cost
    return Move(now.name, now.operator, before.preferred, now.preferred, cost)


def _surplus(these: dict[_Identity, list[Operation]], those: dict[_Identity, list[Operation]]) -> tuple[Operation, ...]:
    """Return the operations that *these* have more of than *those*."""
    return tuple(op for identity, ops in these.items() for op in ops[len(those.get(identity, ())) :])


def _operators(before: Run, now: Run) -> dict[str, tuple[int, int]]:
    if before.model is None or now.model is None or before.model.boundary.function != now.model.boundary.function:
        return {}
    old, new = before.model.operations, now.model.operations
    names = sorted({*old, *new})
    counts = {name: (old.get(name, 0), new.get(name, 0)) for name in names}
    return {name: pair for name, pair in counts.items() if pair[0] != pair[1]}


def _boundary(before: Run, now: Run) -> BoundaryChanges:
    if before.model is None or now.model is None:
        return BoundaryChanges()
    return find_boundary_changes(before.model.boundary, now.model.boundary)


def _differences(before: Run, now: Run) -> list[Difference]:
    pairs = [(word, value_at(before.machine, place), value_at(now.machine, place)) for place, word in _SOFTWARE]
    if before.model is not None and now.model is not None:
        pairs += [(word, getattr(before.model, name), getattr(now.model, name)) for name, word in _OF_MODEL]
    return [Difference(*pair) for pair in pairs if pair[1] != pair[2]]
