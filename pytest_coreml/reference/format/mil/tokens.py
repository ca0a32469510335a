"""Splits the text of an ML Program, and finds the line of what is wrong with it."""

from __future__ import annotations

import re
import string
from typing import TYPE_CHECKING, Final, NoReturn

from pytest_coreml.reference.errors import BadModelError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from pytest_coreml.reference.errors import ReferenceRuntimeError

END: Final = ""
# Characters of the text that a message quotes
_QUOTED: Final = 60

_TYPE: Final = r"(?:tensor<\w+,[ ]?\[[\d?, ]*\]>|[a-z]+\d*)"
# Most operations are constants of this form, and one token each. Its parts are bounded, so that what only begins like
# it costs little.
CONSTANT: Final = re.compile(
    rf"""(?P<type>{_TYPE})[ ](?P<name>[A-Za-z_][\w.@/]{{0,200}})[ ]=[ ]const\(\)
    \[name[ ]=[ ](?P<name_type>{_TYPE})\("(?P<text>[^"\\]{{0,200}})"\),
    [ ]val[ ]=[ ](?P<value_type>{_TYPE})
    \((?P<literal>"[^"\\]{{0,200}}"|[-+\w.]{{1,200}}|\[[-+\w., ]{{0,200}}\])\)\];""",
    re.VERBOSE,
)
_WHOLE: Final = re.sub(r"\?P<\w+>", "?:", CONSTANT.pattern)
# A tensor type, and a list of numbers or names, are one token each: there are many, and they look alike. No alternative
# can match a text in two ways, so that no text takes long. An unclosed text runs to the end, and is refused there.
_TOKEN: Final = re.compile(
    rf"""\s*({_WHOLE}
    | tensor<\w+,[ ]?\[[\d?, ]*\]>
    | "[^"\\]*(?:\\.[^"\\]*)*"?
    | [A-Za-z_][\w.@/]*
    | [-+]?(?:\d[\w.]*(?:(?<=[pPeE])[-+]\d+)?|inf|nan)
    | \[[-+\w., ?]*\]
    | ->
    | \S)""",
    re.VERBOSE | re.DOTALL,
)
LETTERS: Final = frozenset(string.ascii_letters + "_")
_TEXT: Final = re.compile(r'"([^"\\]*(?:\\.[^"\\]*)*)"', re.DOTALL)
_ESCAPE: Final = re.compile(r"\\(.)", re.DOTALL)
_ESCAPES: Final = {'"': '"', "\\": "\\", "'": "'", "n": "\n", "t": "\t", "r": "\r", "0": "\0"}


class Tokens:
    """The tokens of a text. *position* is the index of the next one; methods take it and move on."""

    def __init__(self, text: str, path: str) -> None:
        """Split *text*; messages call it *path*."""
        self._text = text
        self.path = path
        self.list: list[str] = _TOKEN.findall(text.rstrip())
        # Two, for those who look at the token behind the next one
        self.list += [END, END]
        self.position = 0

    def peek(self) -> str:
        """Return the next token, and stay."""
        return self.list[self.position]

    def take(self) -> str:
        """Return the next token; the end is returned again and again."""
        token = self.list[self.position]
        if token is not END:
            self.position += 1
        return token

    def expect(self, word: str) -> None:
        """Take the next token. Raises `BadModelError` when it is not *word*."""
        if self.list[self.position] != word:
            self.fail(f"expected {word!r}")
        self.position += 1

    def accept(self, word: str) -> bool:
        """Take the next token if it is *word*, and return whether it was."""
        if self.list[self.position] != word:
            return False
        self.position += 1
        return True

    def name(self, what: str) -> str:
        """Take a name. Raises `BadModelError`, which calls it *what*."""
        token = self.list[self.position]
        if token[:1] not in LETTERS or token[-1] == ">":
            self.fail(f"expected {what}")
        self.position += 1
        return token

    def text(self) -> str:
        """Take a text in quotes, and return what it stands for."""
        token = self.list[self.position]
        found = _TEXT.fullmatch(token)
        if found is None:
            self.fail("expected a text in quotes")
        self.position += 1
        return found[1] if "\\" not in token else _ESCAPE.sub(self._escaped, found[1])

    def _escaped(self, found: re.Match[str]) -> str:
        if found[1] not in _ESCAPES:
            self.fail_at(self.position - 1, f"expected one of the escapes known here, found \\{found[1]}")
        return _ESCAPES[found[1]]

    def whole_number(self, what: str) -> int:
        """Take a number of 0 to 64 bits. Raises `BadModelError`, which calls it *what*."""
        token = self.list[self.position]
        if not (token.isascii() and token.isdigit() and len(token) <= 20 and int(token) < 1 << 64):
            self.fail(f"expected {what}, a whole number of 64 bits")
        self.position += 1
        return int(token)

    def fail(self, expected: str, kind: type[ReferenceRuntimeError] = BadModelError) -> NoReturn:
        """Raise an error at the next token, with what stands there."""
        start = self._start(self.position)
        found = self._text[start : start + _QUOTED].split("\n", maxsplit=1)[0]
        self.fail_at(self.position, f"{expected}, found {found!r}" if found else f"{expected}, found the end", kind)

    def fail_at(self, position: int, reason: str, kind: type[ReferenceRuntimeError] = BadModelError) -> NoReturn:
        """Raise an error with the line and column of a token."""
        start = self._start(position)
        line = self._text.count("\n", 0, start) + 1
        column = start - self._text.rfind("\n", 0, start)
        raise kind(f"{self.path}, line {line}, column {column}: {reason}")

    def _start(self, position: int) -> int:
        return next(_nth(_TOKEN.finditer(self._text.rstrip()), position), len(self._text))


def _nth(matches: Iterable[re.Match[str]], position: int) -> Iterator[int]:
    return (found.start(1) for index, found in enumerate(matches) if index == position)
