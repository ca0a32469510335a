"""Extract Core ML's own description from its binding's errors, and name the user's files in it."""

from __future__ import annotations

import ast
import contextlib
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_coreml.facts.suffixes import COMPILED_SUFFIX

if TYPE_CHECKING:
    from pathlib import Path

    from pytest_coreml.facts.compute_units import ComputeUnits

# The binding prints the user info of an error as an old-style property list:
# { NSLocalizedDescription = "..."; NSUnderlyingError = ...; }
_DESCRIPTION = re.compile(r'NSLocalizedDescription\s*=\s*("(?:[^"\\]|\\.)*"|\w+)\s*;')


def cause(error: BaseException) -> str:
    """Return the framework's own description if *error* carries one, else its text, or its type if it has no text."""
    text = str(error).strip() or ("out of memory" if isinstance(error, MemoryError) else "")
    description = _DESCRIPTION.search(text)
    return (_unquote(description.group(1)) if description else text) or type(error).__name__


def _unquote(word: str) -> str:
    # Characters beyond ASCII are written \Uxxxx, with four digits where Python has eight.
    if word.startswith('"'):
        with contextlib.suppress(SyntaxError, ValueError):
            return str(ast.literal_eval(re.sub(r"\\U([0-9a-fA-F]{4})", r"\\u\1", word)))
    return word.strip('"')


@dataclass(frozen=True)
class Subject:
    """The model that a message is about: the file at *path* on *compute_units*, compiled to *compiled*.

    Messages name the file that the user named, never the copy that the engine works on.
    """

    path: Path
    compute_units: ComputeUnits
    compiled: Path

    def __str__(self) -> str:
        return f"{self.path.name} on {self.compute_units}"

    def cause(self, error: BaseException | str) -> str:
        """Return the cause of *error*, as the function `cause` does, with the user's paths."""
        text = cause(error) if isinstance(error, BaseException) else error
        # macOS says /private/var where a temporary folder is called /var.
        copy = rf"(?:/private)?{re.escape(str(self.compiled))}(?:/([\w./-]+\w))?"
        text = re.sub(copy, lambda match: str(self._original(match.group(1))), text)
        return text.removeprefix(f"{self.path}: ")

    def _original(self, inner: str | None) -> Path:
        if inner is not None and self.path.suffix == COMPILED_SUFFIX:
            return self.path / inner
        # Only weights have the same name in a package, beside its specification.
        if inner is None or not inner.startswith("weights/"):
            return self.path
        specification = next(self.path.rglob("*.mlmodel"), None)
        return specification.parent / inner if specification else self.path
