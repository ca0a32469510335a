"""Swift source text as tokens: comments are left out, and the values of string literals are known."""

from __future__ import annotations

import re
import textwrap
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

_PIECE: Final = re.compile(
    r"""
    (?P<gap>\s+ | //[^\n]* | \#(?:if|elseif|else|endif|warning|error)\b[^\n]*)
    | (?P<comment>/\*)
    | (?P<quote>\#*(?:\"{3}|\"))
    | (?P<word>[^\W\d]\w* | `[^`\n]*`)
    | (?P<number>\d[\w.]*)
    | (?P<mark>\+= | -> | == | != | && | \|\| | \?\? | .)
    """,
    re.VERBOSE | re.DOTALL,
)
_COMMENT_EDGE: Final = re.compile(r"/\*|\*/")
_ESCAPE: Final = re.compile(r"\\(u\{([0-9a-fA-F]{1,8})\}|.)", re.DOTALL)
_ESCAPES: Final = {"n": "\n", "t": "\t", "r": "\r", "0": "\0", "\n": ""}
# A literal inside a literal inside a literal …
_MAX_DEPTH: Final = 20


@dataclass(frozen=True)
class Token:
    """A token: *kind* is `word`, `number`, `mark`, `text`, or `unknown text` for one with an interpolation.

    *value*: the word, the mark, or the value of the literal. *line*: from 1. *starts_line*: True for the first of its
    line.
    """

    kind: str
    value: str
    line: int
    starts_line: bool

    def is_mark(self, *marks: str) -> bool:
        """Return True if this is one of *marks*."""
        return self.kind == "mark" and self.value in marks


def read_tokens(source: str) -> Iterator[Token]:
    """Yield the tokens of a source text, whatever it is."""
    place, line, starts_line = 0, 1, True
    while match := _PIECE.match(source, place):
        kind, text = str(match.lastgroup), match[0]
        end, is_known = match.end(), True
        if kind == "comment":
            end = _comment_end(source, end)
        elif kind == "quote":
            end, is_known = _literal_end(source, end, text, 0)
            text = _literal(source[place:end], text) if is_known else source[place:end]
            kind = "text" if is_known else "unknown text"
        newlines = source.count("\n", place, end)
        if kind in ("gap", "comment"):
            starts_line = starts_line or newlines > 0
        else:
            yield Token(kind, text.strip("`") if kind == "word" else text, line, starts_line)
            starts_line = False
        place, line = end, line + newlines


def _comment_end(source: str, place: int) -> int:
    """Return where a comment ends whose inside begins at *place*; comments may hold comments."""
    depth = 1
    for edge in _COMMENT_EDGE.finditer(source, place):
        depth += 1 if edge[0] == "/*" else -1
        if depth == 0:
            return edge.end()
    return len(source)


def _literal_end(source: str, place: int, quote: str, depth: int) -> tuple[int, bool]:
    """Return where a literal ends whose inside begins at *place*, and True if its value is known.

    A literal on one line ends with the line, at the latest.
    """
    hashes = quote.rstrip('"')
    closing, escape = quote[len(hashes) :] + hashes, "\\" + hashes
    is_known = depth < _MAX_DEPTH
    while place < len(source):
        if source.startswith(closing, place):
            return place + len(closing), is_known
        if source.startswith(escape, place):
            place += len(escape)
            if source.startswith("(", place) and depth < _MAX_DEPTH:
                place, is_known = _interpolation_end(source, place + 1, depth + 1), False
            else:
                place += 1
        elif source[place] == "\n" and not quote.endswith('"""'):
            return place, False
        else:
            place += 1
    return place, False


def _interpolation_end(source: str, place: int, depth: int) -> int:
    """Return where an interpolation ends whose inside begins at *place*."""
    parentheses = 1
    while place < len(source) and parentheses:
        if source[place] == '"':
            quote = '"""' if source.startswith('"""', place) else '"'
            place, _ = _literal_end(source, place + len(quote), quote, depth)
            continue
        parentheses += {"(": 1, ")": -1}.get(source[place], 0)
        place += 1
    return place


def _literal(text: str, quote: str) -> str:
    """Return the value of a literal without interpolations."""
    hashes = quote.rstrip('"')
    inside = text[len(quote) : len(text) - len(quote)]
    if quote.endswith('"""'):
        # The line of the closing quotes says how far all lines are indented.
        lines = inside.split("\n")[1:]
        inside = textwrap.dedent("\n".join([*lines[:-1], lines[-1] + "|"]))[:-2] if lines else ""
    return inside if hashes else _ESCAPE.sub(_unescape, inside)


def _unescape(match: re.Match[str]) -> str:
    if match[2]:
        code = int(match[2], 16)
        return chr(code) if code < 0x110000 else "\ufffd"
    return _ESCAPES.get(match[1], match[1])
