"""Escape foreign text on its way out, with one function for each kind of place that text goes to.

Foreign are names in a model, the output of an engine, messages of Core ML, and all of a report that was made elsewhere.
Text is kept as it is until it leaves: what is written to a terminal or a log, to Markdown, HTML, CSV or a workflow
command of GitHub Actions passes through the function of that place. JSON is escaped by `json`, and JUnit by pytest.
"""

from __future__ import annotations

import re
from typing import Final

_MARKDOWN: Final = {char: f"\\{char}" for char in r"\`*_{}[]()#+-!|~"} | {"&": "&amp;", "<": "&lt;", ">": "&gt;"}
# GitHub looks for mentions, references and addresses in the text that is left when Markdown is rendered, so that only
# a zero-width space within them keeps a person, an issue and a page out of it.
_LINKED: Final = re.compile(r"@|#(?=\d)|:(?=//)|www(?=\.)", re.IGNORECASE)
_ZERO_WIDTH_SPACE: Final = "\u200b"
_HTML: Final = {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#x27;"}
# A spreadsheet executes a cell that begins with one of these, or with its wide form
# (https://owasp.org/www-community/attacks/CSV_Injection).
_FORMULA: Final = tuple("=+-@＝＋－＠")  # noqa: RUF001


def printable(text: str) -> str:
    """Return *text* in one line, with control characters and line breaks as escapes."""
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in text)


def safe_lines(text: str) -> str:
    """Return *text* in lines that a terminal and GitHub Actions only show.

    Control characters but tabs become escapes. No line begins with `::` or contains `##[`, by which Actions recognizes
    its commands (actions/runner, src/Runner.Common/ActionCommand.cs).
    """
    return "\n".join(map(_safe_line, text.split("\n")))


def shown_in(text: str, encoding: str | None) -> str:
    """Return *text* with what *encoding* lacks as escapes, and then with the rules of tables as hyphens.

    *encoding*: None for a stream that takes all characters.
    """
    try:
        text.encode(encoding or "utf-8")
    except UnicodeEncodeError:
        return text.replace("─", "-").encode(encoding or "utf-8", "backslashreplace").decode(encoding or "utf-8")
    return text


def _safe_line(line: str) -> str:
    shown = "\t".join(map(printable, line.split("\t"))).replace("##[", "# #[")
    return shown.replace("::", ": :", 1) if shown.lstrip().startswith("::") else shown


def markdown(text: str) -> str:
    """Return *text* in one line that Markdown shows literally, without mentions and links."""
    apart = _LINKED.sub(lambda found: found[0] + _ZERO_WIDTH_SPACE, printable(text))
    return "".join(_MARKDOWN.get(char, char) for char in apart)


def html(text: str) -> str:
    """Return *text* in one line that HTML shows literally, in an element or a quoted attribute."""
    return "".join(_HTML.get(char, char) for char in printable(text))


def csv_cell(text: str) -> str:
    """Return *text* in one line that a spreadsheet shows and does not calculate."""
    line = printable(text)
    return f"'{line}" if line.lstrip().startswith(_FORMULA) else line


def command(level: str, message: str, **properties: object) -> str:
    """Return a workflow command, such as `::error file=a.py,line=3::message`, without properties that are None.

    https://docs.github.com/en/actions/reference/workflow-commands-for-github-actions; the escapes are those of
    the runner's own toolkit (actions/toolkit, packages/core/src/command.ts).
    """
    given = ",".join(f"{name}={_escaped(str(value), ':,')}" for name, value in properties.items() if value is not None)
    return f"::{level}{' ' if given else ''}{given}::{_escaped(message)}"


def _escaped(text: str, more: str = "") -> str:
    return "".join(f"%{ord(char):02X}" if char in "%" + more else char for char in printable(text))
