"""Read which field of a choice a message has."""

from __future__ import annotations

from typing import Any

from pytest_coreml.reference.errors import BadModelError


def chosen_field(message: Any, choice: str, problem: str) -> str:
    """Return the name of the field that *message* has of a `oneof`; raise `BadModelError` with *problem* for none."""
    field: str | None = message.WhichOneof(choice)
    if field is None:
        raise BadModelError(problem)
    return field
