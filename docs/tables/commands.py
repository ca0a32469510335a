"""The commands of `pytest-coreml`, from their parsers."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from pytest_coreml.cli import parser
from tables.markdown import code, table

if TYPE_CHECKING:
    from collections.abc import Iterator

# More of them stand below the meaning.
_MAX_CHOICES = 4
_COUNTS = {None: "{}", "?": "[{}]", "+": "{}...", "*": "[{}...]"}


def commands() -> Iterator[str]:
    """Return a section for each command, with its usage and its arguments."""
    for words, found in _leaves(parser()):
        yield from ("", f"### `{words}`", "", *_section(found))


def _leaves(found: argparse.ArgumentParser, words: str = "") -> Iterator[tuple[str, argparse.ArgumentParser]]:
    below = [action for action in found._actions if isinstance(action, argparse._SubParsersAction)]
    if not below:
        yield words, found
    for action in below:
        for name, inner in action.choices.items():
            yield from _leaves(inner, f"{words} {name}".strip())


def _section(found: argparse.ArgumentParser) -> Iterator[str]:
    given = [action for action in found._actions if not isinstance(action, argparse._HelpAction)]
    placed = [action for action in given if not action.option_strings]
    named = [action for action in given if action.option_strings]
    required = [_option(action) for action in named if action.required]
    usage = [found.prog, *map(_argument, placed), *required, *(["[OPTIONS]"] if len(named) > len(required) else [])]
    yield from (f"Usage: `{' '.join(usage)}`", "")
    rows = [(code(_argument(action)), _meaning(action)) for action in placed]
    rows += [(code(_option(action)), _meaning(action)) for action in named]
    yield from table(("argument", "meaning"), rows)


def _argument(action: argparse.Action) -> str:
    return _COUNTS[action.nargs].format(action.metavar or action.dest.upper())


def _option(action: argparse.Action) -> str:
    name = action.option_strings[-1]
    if action.nargs == 0:
        return name
    if action.choices is not None and len(list(action.choices)) <= _MAX_CHOICES:
        return f"{name} {'|'.join(action.choices)}"
    return f"{name} {_COUNTS[action.nargs].format(action.metavar or action.dest.upper())}"


def _meaning(action: argparse.Action) -> str:
    text = (action.help or "").replace("%%", "%").replace("%(default)s", str(action.default))
    if action.choices is None or len(list(action.choices)) <= _MAX_CHOICES:
        return text
    return f"{text}\n\nOne of {', '.join(map(code, action.choices))}."
