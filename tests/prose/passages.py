"""Find the English of the project: documentation, docstrings, messages, descriptions of the schema."""

from __future__ import annotations

import ast
import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from markdown_it import MarkdownIt

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from markdown_it.token import Token

Kind = Literal["heading", "text", "docstring", "message", "description"]

ROOT = Path(__file__).parents[2]
PAGES = ("*.md", "docs/**/*.md", "benchmarks/*.md", "tests/conformance/*.md")
MODULES = ("pytest_coreml/**/*.py", "tests/**/*.py", "examples/**/*.py", "benchmarks/*.py", "docs/**/*.py")
SCHEMAS = ("pytest_coreml/**/*.schema.json",)
# In a docstring
_PARAMETER = re.compile(r"\*\w+\*")
# A message has words; a name, a format or a selector has not.
_MIN_WORDS = 3


class Passage(NamedTuple):
    """A piece of English, and where it is."""

    file: Path
    line: int
    kind: Kind
    text: str


def passages(root: Path = ROOT) -> Iterator[Passage]:
    """Yield all passages of the project at *root*."""
    for file in _files(root, PAGES):
        yield from _of_page(file)
    for file in _files(root, MODULES):
        yield from _of_module(file, with_messages="pytest_coreml" in file.relative_to(root).parts)
    for file in _files(root, SCHEMAS):
        yield from _of_schema(file)


def _files(root: Path, patterns: Iterable[str]) -> list[Path]:
    return sorted({file for pattern in patterns for file in root.glob(pattern)})


def _of_page(file: Path) -> Iterator[Passage]:
    tokens = MarkdownIt().enable("table").parse(file.read_text("utf-8"))
    opened, line = "", 1
    for token in tokens:
        line = token.map[0] + 1 if token.map else line
        if token.type == "inline":
            yield Passage(file, line, "heading" if opened == "heading_open" else "text", _plain(token))
        opened = token.type


def _plain(token: Token) -> str:
    """Return the text without code, which is not English."""
    parts = {"text": lambda child: child.content, "code_inline": lambda _: "X", "softbreak": lambda _: "\n"}
    return "".join(parts[child.type](child) for child in token.children or () if child.type in parts)


def _of_module(file: Path, with_messages: bool) -> Iterator[Passage]:
    tree = ast.parse(file.read_text("utf-8"))
    documenting = [node.value for node in ast.walk(tree) if isinstance(node, ast.Expr) and _text(node.value)]
    for node in documenting:
        yield Passage(file, node.lineno, "docstring", _PARAMETER.sub("X", _text(node)))
    if not with_messages:
        return
    in_f_strings = {id(part) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in node.values}
    seen = {id(node) for node in documenting} | in_f_strings
    for node in ast.walk(tree):
        text = _text(node)
        if id(node) not in seen and len(text.split()) >= _MIN_WORDS:
            yield Passage(file, getattr(node, "lineno", 1), "message", text)


def _text(node: ast.AST) -> str:
    """Return the text of a string, with X for what an f-string fills in; an empty one for anything else."""
    if isinstance(node, ast.JoinedStr):
        return "".join(_text(part) or "X" for part in node.values)
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""


def _of_schema(file: Path) -> Iterator[Passage]:
    text = file.read_text("utf-8")
    for description in _descriptions(json.loads(text)):
        start = text.find(json.dumps(description, ensure_ascii=False)[:60])
        yield Passage(file, text.count("\n", 0, start) + 1, "description", description)


def _descriptions(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        if isinstance(value.get("description"), str):
            yield value["description"]
        value = list(value.values())
    if isinstance(value, list):
        for part in value:
            yield from _descriptions(part)
