"""The options of pytest, by the groups of `pytest --help`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_coreml.plugin.options import GROUPS
from tables.markdown import code, table

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Any


def options() -> Iterator[str]:
    """Return a section and a table for each group."""
    for title, group in GROUPS.items():
        yield from ("", f"## {title.capitalize()}", "")
        yield from table(("option, ini twin", "default", "meaning"), (_row(*option) for option in group.items()))


def _row(name: str, settings: Mapping[str, Any]) -> tuple[str, str, str]:
    choices = settings.get("choices", {})
    value = settings.get("metavar") or "|".join(choices)
    given = f"[={value}]" if settings.get("nargs") == "?" else f"={value}" if value else ""
    option = code(f"--coreml-{name.replace('_', '-')}{given}")
    meaning = "\n\n".join([settings["help"], *(f"{code(choice)}: {text}." for choice, text in choices.items())])
    default = settings["default"]
    return f"{option}\n\n{code(f'coreml_{name}')}", code(default) if default in choices else default, meaning
