"""The fields of a report, from its schema: a section for each object."""

from __future__ import annotations

import json
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from tables.markdown import code, table

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

_TYPES = "Types of values"
_SCHEMA = json.loads((files("pytest_coreml.report") / "report-1.schema.json").read_text("utf-8"))


def document_fields() -> Iterator[str]:
    """Return a section for the document, one for each kind of object, and one table of the other types."""
    yield from _section("The document", _SCHEMA)
    definitions = dict(sorted(_SCHEMA["$defs"].items(), key=lambda item: _order(item[0])))
    for name, definition in definitions.items():
        if "properties" in definition:
            yield from _section(code(name), definition)
    yield from ("", f"## {_TYPES}", "")
    others = ((name, each) for name, each in definitions.items() if "properties" not in each)
    rows = ((code(name), _type(each), each.get("description", "")) for name, each in others)
    yield from table(("type", "values", "meaning"), rows)


def _order(name: str) -> int:
    """Return the place of the first field of this type, so that an object stands below what it is in."""
    return json.dumps({**_SCHEMA, "$defs": {}}).find(f"$defs/{name}") % 10**9


def _section(title: str, definition: Mapping[str, Any]) -> Iterator[str]:
    """Return the description of an object and a row for each field; objects in it get tables below."""
    yield from ("", f"## {title}", "", definition.get("description", ""), "")
    yield from _fields(definition)


def _fields(definition: Mapping[str, Any], path: str = "") -> Iterator[str]:
    required = definition.get("required", ())
    properties = definition["properties"]
    rows = (
        (code(name), _type(field) + ("" if name in required else ", optional"), field.get("description", ""))
        for name, field in properties.items()
    )
    yield from table(("field", "type", "meaning"), rows)
    for name, field in properties.items():
        inner, below = _inner(field, f"{path}{name}")
        if inner is not None:
            yield from ("", f"In `{below}`:", "")
            yield from _fields(inner, f"{below}.")


def _inner(field: Mapping[str, Any], path: str) -> tuple[Mapping[str, Any] | None, str]:
    """Return the object that a field or the items of its array hold, and its path."""
    if "properties" in field:
        return field, path
    items = field.get("items", {})
    return (items, f"{path}[]") if "properties" in items else (None, path)


def _type(field: Mapping[str, Any]) -> str:
    """Describe the type of a field in a word or two."""
    text = next((say(field[key]) for key, say in _SAYINGS.items() if key in field), "any")
    return f"{text} or null" if _is_nullable(field) and "null" not in text else text


def _is_nullable(field: Mapping[str, Any]) -> bool:
    definition = _SCHEMA["$defs"][field["$ref"].rsplit("/", 1)[-1]] if "$ref" in field else field
    return "null" in definition.get("type", "")


def _link(target: str) -> str:
    name = target.rsplit("/", 1)[-1]
    title = name if "properties" in _SCHEMA["$defs"][name] else _TYPES
    return f"[{code(name)}](#{title.lower().replace(' ', '-')})"


def _names(kinds: str | list[str]) -> str:
    return kinds if isinstance(kinds, str) else " or ".join(kinds)


def _choices(choices: list[Mapping[str, Any]]) -> str:
    return " or ".join(_type(choice) for choice in choices)


# The first key that a field has says most about it.
_SAYINGS: Mapping[str, Callable[[Any], str]] = {
    "$ref": _link,
    "const": lambda value: code(json.dumps(value)),
    "enum": lambda values: ", ".join(code(json.dumps(value)) for value in values),
    "items": lambda items: f"array of {_type(items)}",
    "anyOf": _choices,
    "oneOf": _choices,
    "additionalProperties": lambda values: f"object of {_type(values)}" if values else "object",
    "type": _names,
}
