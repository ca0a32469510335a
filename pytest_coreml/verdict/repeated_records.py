"""Tests that were rerun: the last attempt is the one that counts."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_coreml.verdict.record import Record


def last_attempts(records: Sequence[Record]) -> list[Record]:
    """Leave out the records of attempts that were followed by another one on the same machine."""
    last = {(record.id, record.machine): record.attempt for record in sorted(records, key=lambda one: one.attempt)}
    return [record for record in records if record.attempt == last[record.id, record.machine]]
