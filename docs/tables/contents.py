"""The list of all pages, from the table of contents that Sphinx reads too."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import yaml

if TYPE_CHECKING:
    from collections.abc import Iterator

_DOCS = Path(__file__).parents[1]


def contents() -> Iterator[str]:
    """Return a heading for each part, and below it a link to each of its pages."""
    for part in yaml.safe_load((_DOCS / "_toc.yml").read_text("utf-8"))["subtrees"]:
        yield from ("", f"## {part['caption']}", "")
        for entry in part["entries"]:
            yield f"- [{_title(entry['file'])}]({entry['file']}.md)"


def _title(page: str) -> str:
    match = re.search(r"^# (.+)$", (_DOCS / f"{page}.md").read_text("utf-8"), flags=re.MULTILINE)
    if match is None:
        raise ValueError(f"docs/{page}.md has no title")
    return match[1]
