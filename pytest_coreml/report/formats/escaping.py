"""Escape text for Markdown and for the workflow commands of GitHub Actions."""

from __future__ import annotations

from typing import Final

_MARKDOWN: Final = {char: f"\\{char}" for char in r"\`*_{}[]()#+-!|~"} | {
    "&": "&amp;",
    "<": "&lt;",
    ">": "&gt;",
    "\r": " ",
    "\n": " ",
    # A zero-width space after the sign prevents a mention of a person.
    "@": "@\u200b",
}


def markdown(text: str) -> str:
    """Escape *text* so that Markdown and HTML in it are shown literally and no person is mentioned."""
    return "".join(_MARKDOWN.get(char, char) for char in text)


def command(level: str, message: str, **properties: object) -> str:
    """Return a workflow command, such as `::error file=a.py,line=3::message`, without properties that are None.

    https://docs.github.com/en/actions/reference/workflow-commands-for-github-actions; the escapes are those of
    the runner's own toolkit (actions/toolkit, packages/core/src/command.ts).
    """
    given = ",".join(f"{name}={_escaped(str(value), ':,')}" for name, value in properties.items() if value is not None)
    return f"::{level}{' ' if given else ''}{given}::{_escaped(message)}"


def _escaped(text: str, more: str = "") -> str:
    return "".join(f"%{ord(char):02X}" if char in "%\r\n" + more else char for char in text)
