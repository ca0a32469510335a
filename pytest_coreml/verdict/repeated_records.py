"""Records of one run that repeat each other: attempts at a test, and measurements that share a key."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from pytest_coreml.verdict.record import Record


def last_attempts(records: Sequence[Record]) -> list[Record]:
    """Return *records* without those of attempts that were followed by another one on the same machine."""
    last = {(record.id, record.machine): record.attempt for record in sorted(records, key=lambda one: one.attempt)}
    return [record for record in records if record.attempt == last[record.id, record.machine]]


def note_duplicates(records: Iterable[Record]) -> list[str]:
    """Add a note to each record that shares its key with another one, attempts and machines apart; give the notes."""
    alike: dict[tuple[object, ...], list[Record]] = defaultdict(list)
    for record in records:
        alike[record.key, record.attempt, record.machine].append(record)
    notes = []
    for group in alike.values():
        if len(group) > 1 and any(map(_is_compared, group)):
            notes.append(note := _note(group))
            for record in group:
                record.notes.append(note)
    return notes


def _is_compared(record: Record) -> bool:
    # Of two models that a test merely loads and sets side by side, nobody expects more.
    return record.predict is not None or bool(record.checks) or bool(record.regressions)


def _note(group: list[Record]) -> str:
    first = group[0]
    names = ", ".join(dict.fromkeys(record.model_name for record in group))
    return (
        f"{first.id} measured {len(group)} models on {first.compute_units} ({names}), and they share a key: "
        "comparisons take the last of them; give each model a separate test, as coreml_model(first, second) does"
    )
