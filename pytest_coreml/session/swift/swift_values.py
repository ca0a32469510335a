"""The values of a Swift source text that are written down in it: literals, lists, calls, and names for these.

Nothing is run. What depends on anything else is `Unread`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from pytest_coreml.session.swift.swift_tokens import Token, read_tokens

if TYPE_CHECKING:
    from collections.abc import Iterator

_MAX_DEPTH: Final = 40
# Of lists and their items: sums of sums grow fast.
_MAX_ITEMS: Final = 20_000
_OPEN: Final = {"(": ")", "[": "]", "{": "}"}
_CLOSE: Final = tuple(_OPEN.values())
_END: Final = Token("end", "", 0, starts_line=True)
# Declarations whose inside is not run where it stands.
_SKIPPED: Final = ("func", "extension", "struct", "class", "enum", "protocol")


@dataclass(frozen=True)
class Unread:
    """A value that only running the source would tell."""

    line: int


@dataclass(frozen=True)
class Name:
    """A name of a constant or variable."""

    name: str
    line: int


@dataclass(frozen=True)
class Call:
    """A call: `.target(name: "A")` as `Call("target", (("name", "A"),), 1)`."""

    name: str
    arguments: tuple[tuple[str | None, Any], ...]
    line: int

    def argument(self, label: str | None) -> Any:
        """Return the first argument with *label*, None if there is none."""
        return next((value for name, value in self.arguments if name == label), None)


@dataclass
class SwiftValues:
    """The values that a source gives names, and what it adds to lists later.

    A value is a string, a tuple of values, a `Call`, a `Name`, or `Unread`.
    """

    named: dict[str, Any] = field(default_factory=dict)
    added: list[tuple[str, Any]] = field(default_factory=list)
    """For `package.targets += value` the pair of `targets` and the value, also from `append`."""
    _seen: int = 0

    def resolve(self, value: Any, depth: int = 0) -> Any:
        """Return *value*, or what a name stands for."""
        if not isinstance(value, Name):
            return value
        if value.name not in self.named or depth > _MAX_DEPTH:
            return Unread(value.line)
        return self.resolve(self.named[value.name], depth + 1)

    def items(self, value: Any, inside: tuple[str, ...] = ()) -> Iterator[Any]:
        """Yield the items of a list, each resolved; a list of lists, as `a + b` makes one, is one list.

        *inside*: the names that the list is part of; a list that holds itself is `Unread`.
        """
        self._seen += 1
        if self._seen > _MAX_ITEMS:
            return
        if isinstance(value, Name):
            if value.name in inside:
                yield Unread(value.line)
                return
            inside = (*inside, value.name)
        value = self.resolve(value)
        if not isinstance(value, tuple):
            yield value
            return
        for item in value:
            yield from self.items(item, inside)


def read_values(source: str) -> SwiftValues:
    """Return the values of a source text, whatever it is."""
    return _Reader(list(read_tokens(source))).read()


class _Reader:
    def __init__(self, tokens: list[Token]) -> None:
        self._tokens = tokens
        self._place = 0
        self._values = SwiftValues()

    def read(self) -> SwiftValues:
        while self._token is not _END:
            self._statement()
        return self._values

    @property
    def _token(self) -> Token:
        return self._peek(0)

    def _peek(self, ahead: int) -> Token:
        place = self._place + ahead
        return self._tokens[place] if place < len(self._tokens) else _END

    def _next(self) -> Token:
        token = self._token
        self._place += 1
        return token

    def _statement(self) -> None:
        """Read a statement that matters, or one token; blocks of conditions count as if they were run."""
        first = self._next()
        if first.kind != "word":
            return
        if first.value in _SKIPPED:
            while self._token is not _END and not self._token.is_mark("{"):
                self._place += 1
            self._skip_brackets()
        elif first.value in ("let", "var") and self._token.kind == "word":
            self._declaration()
        elif self._token.is_mark("."):
            self._addition()

    def _declaration(self) -> None:
        name = self._next().value
        if self._token.is_mark(":"):
            while not self._token.is_mark("=", *_CLOSE) and self._token is not _END:
                self._skip_one()
        if self._token.is_mark("="):
            self._place += 1
            self._values.named[name] = self._expression(0)

    def _addition(self) -> None:
        """Read what follows the name of an object: `.targets += value` or `.targets.append(value)`."""
        self._place += 1
        member = self._next()
        if self._token.is_mark("+="):
            self._place += 1
            self._values.added.append((member.value, self._expression(0)))
        elif self._token.is_mark(".") and self._peek(1).value == "append" and self._peek(2).is_mark("("):
            self._place += 2
            arguments = self._arguments(0)
            self._values.added += [(member.value, value) for _, value in arguments]

    def _expression(self, depth: int) -> Any:
        """Read an expression, up to a comma, the end of the brackets around it, or the end of its statement."""
        line = self._token.line
        value = self._operand(depth)
        while self._token.is_mark("+") and isinstance(value, (str, tuple, Name)):
            self._place += 1
            other = self._operand(depth)
            if isinstance(value, str):
                value = value + other if isinstance(other, str) else Unread(line)
            else:
                value = (value, other)
        if self._is_over(depth):
            return value
        while not self._is_over(depth):
            self._skip_one()
        return Unread(line)

    def _is_over(self, depth: int) -> bool:
        token = self._token
        if token is _END or token.is_mark(",", ";", *_CLOSE):
            return True
        # Outside of brackets a line ends a statement, unless the next one begins with an operator.
        return depth == 0 and token.starts_line and not token.is_mark(".", "+", "?", ":", "&&", "||", "??")

    def _operand(self, depth: int) -> Any:
        token = self._token
        if depth > _MAX_DEPTH or token is _END:
            self._skip_one()
            return Unread(token.line)
        if token.kind == "text":
            return self._next().value
        if token.is_mark("["):
            return self._list(depth)
        if token.kind == "word" or token.is_mark("."):
            return self._name_or_call(depth)
        self._skip_one()
        return Unread(token.line)

    def _list(self, depth: int) -> Any:
        line, items = self._next().line, []
        while not self._token.is_mark(*_CLOSE) and self._token is not _END:
            items.append(self._expression(depth + 1))
            # A dictionary has a colon here, and is of no interest.
            while not self._token.is_mark(",", *_CLOSE) and self._token is not _END:
                self._skip_one()
            if self._token.is_mark(","):
                self._place += 1
        is_closed = self._next().is_mark("]")
        return tuple(items) if is_closed else Unread(line)

    def _name_or_call(self, depth: int) -> Any:
        """Read `name`, `.name(…)`, `Type.name(…)`; a member without a call is a value that is not known here."""
        line, parts = self._token.line, 0
        name = ""
        while self._token.is_mark(".") or (self._token.kind == "word" and not name):
            if self._next().value == ".":
                name = self._next().value
                parts += 1
            else:
                name = self._tokens[self._place - 1].value
        if self._token.is_mark("("):
            return Call(name, self._arguments(depth), line)
        return Unread(line) if parts else Name(name, line)

    def _arguments(self, depth: int) -> tuple[tuple[str | None, Any], ...]:
        arguments: list[tuple[str | None, Any]] = []
        self._place += 1
        while not self._token.is_mark(*_CLOSE) and self._token is not _END:
            label = None
            if self._token.kind == "word" and self._peek(1).is_mark(":"):
                label = self._next().value
                self._place += 1
            arguments.append((label, self._expression(depth + 1)))
            if self._token.is_mark(",", ";"):
                self._place += 1
        self._place += 1
        return tuple(arguments)

    def _skip_one(self) -> None:
        """Skip a token, or brackets with all that is in them."""
        if self._token.is_mark(*_OPEN):
            self._skip_brackets()
        else:
            self._place += 1

    def _skip_brackets(self) -> None:
        depth = 0
        while self._token is not _END:
            token = self._next()
            depth += token.is_mark(*_OPEN) - token.is_mark(*_CLOSE)
            if depth <= 0:
                return
