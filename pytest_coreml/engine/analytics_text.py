"""Read the text of `analytics.mil`: one operation a line.

The format is undocumented, and was read under macOS 14.5 and 27.0.1. A line that cannot be read is left out.
"""

from __future__ import annotations

import contextlib
import re
from typing import TYPE_CHECKING, Final

from pytest_coreml.facts.compiler_analytics import CompiledOperation, CompilerAnalytics

if TYPE_CHECKING:
    from collections.abc import Iterator

MAX_CHARACTERS: Final = 256_000_000
# Appended to the values of operations that the compiler splits off: `_MEM_OPT` in hexadecimal.
_SPLIT_OFF: Final = "_4D454D5F4F5054"
_OPENING, _CLOSING = "([{<", ")]}>"
_STRING: Final = r'"((?:[^"\\]|\\.)*)"'
_PAIR: Final = re.compile(rf"\{{\s*{_STRING}\s*,\s*(?:{_STRING}|([^{{}}\"]*?))\s*\}}")
_QUOTED: Final = re.compile(_STRING)
_COST: Final = re.compile(r"\b((?:Launch|Src)_\w+_ms) = fp64\(([^()]*)\)")
_OPERATOR: Final = re.compile(r"(?:\w+\.)?(\w+)(?:<\w+>)?\(")


def parse_analytics(text: str) -> CompilerAnalytics:
    """Return the operations in *text*; none if it is of another form."""
    operations: list[CompiledOperation] = []
    costs: dict[str, float] = {}
    for line in text.splitlines():
        content = line.strip()
        if content.startswith("func "):
            costs.update(_costs(content))
        elif content.endswith("];") and (operation := _operation(content[:-1])) is not None:
            operations.append(operation)
    return CompilerAnalytics(tuple(operations), costs)


def _costs(line: str) -> Iterator[tuple[str, float]]:
    for name, number in _COST.findall(line):
        with contextlib.suppress(ValueError, OverflowError):
            yield name, _number(number)


def _operation(line: str) -> CompiledOperation | None:
    """Return the operation of `<type> <name>, … = <operator>(…)[attributes]`; None for another form."""
    left, assigned, right = _partition(line, " = ")
    if not assigned:
        # An operation without a result, such as write_state.
        left, right = "", line
    operator = _OPERATOR.match(right)
    end = _matching(right, operator.end() - 1) if operator is not None else None
    if operator is None or end is None or _matching(right, end + 1) != len(right) - 1:
        return None
    attributes = dict(_attributes(right[end + 2 : -1]))
    backends = _QUOTED.findall(attributes.get("BackendSupport", ""))
    selected = _QUOTED.search(attributes.get("SelectedBackend", ""))
    return CompiledOperation(
        operator=operator[1],
        outputs=tuple(_name(part) for part in _split(left)),
        selected=selected[1] if selected is not None else None,
        supported=frozenset(backends) - {"unsupported"},
        estimates_ms=dict(_estimates(attributes.get("EstimatedRuntime", ""))),
        refusals={key: _unescaped(text) for key, text, _ in _PAIR.findall(attributes.get("ValidationMessage", ""))},
    )


def _attributes(text: str) -> Iterator[tuple[str, str]]:
    for part in _split(text):
        name, assigned, value = part.partition(" = ")
        if assigned:
            yield name.strip(), value


def _estimates(text: str) -> Iterator[tuple[str, float]]:
    for backend, _, number in _PAIR.findall(text):
        with contextlib.suppress(ValueError, OverflowError):
            yield backend, _number(number)


def _number(text: str) -> float:
    return float.fromhex(text) if "0x" in text else float(text)


def _unescaped(text: str) -> str:
    return re.sub(r"\\(.)", r"\1", text)


def _name(declaration: str) -> str:
    return declaration.strip().rpartition(" ")[2].removesuffix(_SPLIT_OFF)


def _partition(text: str, separator: str) -> tuple[str, str, str]:
    """Split at the first *separator* outside of strings and brackets."""
    for index, _ in _outside(text):
        if text.startswith(separator, index):
            return text[:index], separator, text[index + len(separator) :]
    return text, "", ""


def _split(text: str) -> list[str]:
    """Split at the commas outside of strings and brackets."""
    commas = [index for index, character in _outside(text) if character == ","]
    bounds = zip([-1, *commas], [*commas, len(text)], strict=True)
    return [part for before, after in bounds if (part := text[before + 1 : after].strip())]


def _matching(text: str, opening: int) -> int | None:
    """Return the position of the bracket that closes the one at *opening*; None if there is none, or it stays open."""
    depth = 0
    if text[opening : opening + 1] not in tuple(_OPENING):
        return None
    for index, character in _code(text, opening):
        depth += (character in _OPENING) - (character in _CLOSING)
        if depth == 0:
            return index
    return None


def _outside(text: str) -> Iterator[tuple[int, str]]:
    depth = 0
    for index, character in _code(text):
        depth += (character in _OPENING) - (character in _CLOSING)
        if depth == 0:
            yield index, character


def _code(text: str, start: int = 0) -> Iterator[tuple[int, str]]:
    """Yield the characters that are not in a string, with their positions."""
    in_string = escaped = False
    for index in range(start, len(text)):
        character = text[index]
        if not in_string:
            in_string = character == '"'
            if not in_string:
                yield index, character
        elif escaped:
            escaped = False
        else:
            escaped, in_string = character == "\\", character != '"'
