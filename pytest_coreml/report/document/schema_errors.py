"""The text for a document that its schema refuses: the place, what was expected, and what is there."""

from __future__ import annotations

import reprlib
from typing import TYPE_CHECKING, Any

from pytest_coreml.errors import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from jsonschema.exceptions import ValidationError


def sentence(error: ValidationError) -> str:
    """Return the place of *error* and what was expected there."""
    from jsonschema.exceptions import best_match

    # Inside an `anyOf`, the error of the most similar alternative is more helpful than "none of them".
    inner = best_match([error]) or error
    return f"{place(inner.absolute_path)}: {_complaint(inner)}"


def place(path: Iterable[str | int]) -> str:
    """Return a path into a document as text, such as `tests[3].predict.native_ms[7]`."""
    return "".join(_steps(path)).lstrip(".") or "the whole document"


def _steps(path: Iterable[str | int]) -> Iterator[str]:
    for step in path:
        yield f"[{step}]" if isinstance(step, int) else f".{step}"


def _complaint(error: ValidationError) -> str:
    expected: Any = error.validator_value
    got = reprlib.repr(error.instance)
    if error.validator in ("type", "enum", "const"):
        return f"expected {_words(expected, 'or')}, got {got}"
    if error.validator == "minimum":
        return f"expected at least {expected}, got {got}"
    if error.validator == "required":
        return f"missing {_words([name for name in expected if name not in _fields(error)], 'and')}"
    if error.validator == "additionalProperties":
        return _unknown_field(error)
    return _shortened(error.message)


def _fields(error: ValidationError) -> dict[str, Any]:
    fields: dict[str, Any] = error.instance  # type: ignore[assignment]  # only objects have `required`
    return fields


def _unknown_field(error: ValidationError) -> str:
    known: list[str] = list(error.schema["properties"])  # type: ignore[index]  # closed objects have properties
    unknown = next(name for name in _fields(error) if name not in known)
    return f"unknown field {reprlib.repr(unknown)}{did_you_mean(unknown, known)}"


def _words(names: Any, conjunction: str) -> str:
    words = ["null" if name is None else str(name) for name in (names if isinstance(names, list) else [names])]
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} {conjunction} {words[-1]}"


def _shortened(message: str) -> str:
    return message if len(message) <= 200 else f"{message[:200]}..."
