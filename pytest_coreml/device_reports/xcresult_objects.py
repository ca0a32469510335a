"""The wrapped objects that `xcresulttool` printed before Xcode 16.3, as plain JSON.

A value is `{"_type": {"_name": "Double"}, "_value": "0.5"}`, a list `{"_type": ..., "_values": [...]}`; numbers are
texts.
"""

from __future__ import annotations

from contextlib import suppress
from typing import Any, Final

from pytest_coreml.errors import ReportError

_MAX_DEPTH: Final = 60
_NUMBERS: Final = ("Double", "Int")


def type_name(value: Any) -> str | None:
    """Return the type of a wrapped object; None for anything else."""
    kind = value.get("_type") if isinstance(value, dict) else None
    name = kind.get("_name") if isinstance(kind, dict) else None
    return name if isinstance(name, str) else None


def unwrap(value: Any, source: str, depth: int = 0) -> Any:
    """Return the plain JSON of a wrapped *value* of the file *source*; raise `ReportError` if it is nested deeply."""
    if depth > _MAX_DEPTH:
        raise ReportError(f"{source}: nested too deeply for a result of xcresulttool")
    if isinstance(value, list):
        return [unwrap(item, source, depth + 1) for item in value]
    if not isinstance(value, dict):
        return value
    if "_values" in value:
        return unwrap(value["_values"], source, depth + 1)
    if "_value" in value:
        return _scalar(value)
    return {name: unwrap(item, source, depth + 1) for name, item in value.items() if name != "_type"}


def _scalar(value: dict[str, Any]) -> Any:
    text = value["_value"]
    if type_name(value) in _NUMBERS and isinstance(text, str):
        with suppress(ValueError):
            return float(text)
    return text
