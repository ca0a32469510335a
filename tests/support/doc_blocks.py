"""Code blocks of a documentation page, in order, and what each asks of the tests.

A block below a caption, a paragraph of the form "`NAME`:", is a file that is written. A `console` block is a session:
each line that begins with `$` is run, and the lines below it are what must come out, numbers aside, `...` standing for
any lines between. A comment before a block changes that: `<!-- exit status: 1 -->` (or several, as `0 or 3`),
`<!-- not run: why -->`. From `<!-- machine: a Mac -->` on a page is read on one.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from markdown_it import MarkdownIt

if TYPE_CHECKING:
    from collections.abc import Iterator

_COMMENT = re.compile(r"<!--\s*(exit status|not run|machine):\s*(.*?)\s*-->", re.DOTALL)
_CAPTION = re.compile(r"`(\S+)`:")


@dataclass(frozen=True)
class Command:
    """One line of a session, and the lines that must come out of it."""

    line: str
    expected: tuple[str, ...]


@dataclass(frozen=True)
class CodeBlock:
    """One block. *line*: of the page, from 1. *asked*: what comments before it say."""

    language: str
    caption: str | None
    text: str
    line: int
    asked: dict[str, str] = field(default_factory=dict)

    def commands(self) -> Iterator[Command]:
        """Return the commands of a session."""
        for part in re.split(r"^\$ ", self.text, flags=re.MULTILINE)[1:]:
            line, *expected = part.replace("\\\n", " ").rstrip().split("\n")
            yield Command(line, tuple(text for text in expected if text.strip()))


def code_blocks(markdown: str) -> Iterator[CodeBlock]:
    """Return the code blocks of a page."""
    asked: dict[str, str] = {}
    caption = None
    for token in MarkdownIt().parse(markdown):
        if token.type == "html_block":
            asked.update(_COMMENT.findall(token.content))
        elif token.type == "inline":
            caption = _CAPTION.fullmatch(token.content)
        elif token.type == "fence":
            name = caption[1] if caption else None
            yield CodeBlock(token.info.strip(), name, token.content, (token.map or [0])[0] + 1, asked)
            asked, caption = {}, None


def is_for_a_mac(block: CodeBlock) -> bool:
    """Return True if the page is on a Mac from this block on."""
    return block.asked.get("machine") == "a Mac"


def missing_lines(expected: tuple[str, ...], output: str) -> list[str]:
    """Return the expected lines that *output* does not have in this order; numbers and runs of blanks do not count."""
    lines = iter([_normal(line) for line in output.splitlines()])
    return [line for line in expected if line.strip() != "..." and not any(_normal(line) == got for got in lines)]


def _normal(line: str) -> str:
    line = re.sub(r"\d+(\.\d+)?", "#", line)
    # Rules of tables and bars get as long as the terminal is wide.
    return re.sub(r"([=\-─━_])\1+", r"\1", " ".join(line.split()))
