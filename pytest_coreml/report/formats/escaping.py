"""Text of reports in places that would obey it: Markdown, and the workflow commands of GitHub Actions."""

from __future__ import annotations

from typing import Final

_MARKDOWN: Final = {char: f"\\{char}" for char in r"\`*_{}[]()#+-!|~"} | {
    "&": "&amp;",
    "<": "&lt;",
    ">": "&gt;",
    "\r": " ",
    "\n": " ",
    # A zero-width space after it keeps the sign from calling a person.
    "@": "@\u200b",
}


def markdown(text: str) -> str:
    """Escape *text* so that Markdown and HTML in it are shown and not obeyed, and nobody is mentioned."""
    return "".join(_MARKDOWN.get(char, char) for char in text)


def command(level: str, message: str, **properties: object) -> str:
    """Give a workflow command, as `::error file=a.py,line=3::message`; properties that are None are left out.

    https://docs.github.com/en/actions/reference/workflow-commands-for-github-actions; the escapes are those of
    the runner's own toolkit (actions/toolkit, packages/core/src/command.ts).
    """
    given = ",".join(f"{name}={_escaped(str(value), ':,')}" for name, value in properties.items() if value is not None)
    return f"::{level}{' ' if given else ''}{given}::{_escaped(message)}"


def _escaped(text: str, more: str = "") -> str:
    return "".join(f"%{ord(char):02X}" if char in "%\r\n" + more else char for char in text)
