"""The pages of the documentation: their tables are current, they are plain Markdown, and their links lead somewhere."""

from __future__ import annotations

import itertools
import re
import subprocess
import sys
from collections import Counter
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from markdown_it import MarkdownIt

import pytest_coreml
from pytest_coreml.plugin import fixtures as plugin_fixtures
from pytest_coreml.plugin.names import MARKS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from markdown_it.token import Token

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PAGES = sorted({*ROOT.glob("*.md"), *DOCS.rglob("*.md"), *ROOT.glob("benchmarks/*.md"), *ROOT.glob("tests/*/*.md")})

# Those for the plugin's own use.
OWN_FIXTURES = {"coreml_run", "coreml_source", "coreml_device_report"}


@cache
def blocks(page: Path) -> list[Token]:
    """Return the tokens of a page as GitHub reads it."""
    return MarkdownIt().enable("table").parse(page.read_text("utf-8"))


def links(page: Path) -> Iterator[str]:
    """Yield the targets of links and images that are not on the network."""
    for token in (part for block in blocks(page) for part in block.children or ()):
        target = str(token.attrs.get("href") or token.attrs.get("src") or "")
        if target and not urlsplit(target).scheme:
            yield unquote(target)


@cache
def anchors(page: Path) -> set[str]:
    """Return the anchors that GitHub makes of the headings of a page."""
    seen: Counter[str] = Counter()
    found = set()
    for opened, heading in itertools.pairwise(blocks(page)):
        if opened.type == "heading_open":
            text = "".join(part.content for part in heading.children or ())
            slug = re.sub(r"[^\w\- ]", "", text.lower()).replace(" ", "-")
            found.add(f"{slug}-{seen[slug]}" if seen[slug] else slug)
            seen[slug] += 1
    return found


def wrong_links(page: Path) -> Iterator[str]:
    """Yield the links of a page that lead nowhere, with the reason."""
    for target in links(page):
        path, _, anchor = target.partition("#")
        file = page.parent / path if path else page
        if not file.exists():
            yield f"{page.name}: {target}: there is no such file"
        elif anchor and anchor not in anchors(file):
            yield f"{page.name}: {target}: the page has no heading with this anchor"


def test_the_tables_of_the_pages_are_current() -> None:
    """A page shows what the code declares; the failure names the command that writes the tables again."""
    result = subprocess.run(
        [sys.executable, DOCS / "write_tables.py", "--check"], capture_output=True, text=True, check=False, cwd=ROOT
    )

    assert result.returncode == 0, f"run: python docs/write_tables.py\n{result.stdout}{result.stderr}"


def test_the_pages_have_every_marker_fixture_and_class() -> None:
    """Everything that a test author may use is on a reference page."""
    markers, fixtures = ((DOCS / "reference" / name).read_text("utf-8") for name in ("markers.md", "fixtures.md"))

    assert [name for name in MARKS if f"## `{name}(" not in markers] == []
    names = {name for name in vars(plugin_fixtures) if name.startswith("coreml_")} - OWN_FIXTURES
    assert [name for name in names if not re.search(rf"`{name}[`(]", fixtures)] == []
    classes = [name for name in pytest_coreml.__all__ if not name.startswith("_")]
    assert [name for name in classes if f"### `{name}`" not in fixtures] == []


def test_the_pages_are_plain_markdown() -> None:
    """GitHub shows a directive of Sphinx as code, and a definition list as a paragraph."""
    tokens = [(page.name, token) for page in PAGES for token in blocks(page)]

    assert [(name, token.info) for name, token in tokens if token.info.startswith("{")] == []
    paragraphs = [(name, token.content) for name, token in tokens if token.type == "inline"]
    assert [each for each in paragraphs if re.search(r"^:|\{\w+\}`", each[1], flags=re.MULTILINE)] == []


def test_the_links_of_the_pages_lead_to_files_and_headings() -> None:
    """Links are relative and end in `.md`, so that they work on GitHub and in Sphinx."""
    assert [problem for page in PAGES for problem in wrong_links(page)] == []


def test_a_wrong_link_is_found(tmp_path: Path) -> None:
    """A missing file and a missing heading are problems; GitHub numbers the anchors of equal headings."""
    page = tmp_path / "a.md"
    page.write_text("# One `two`, three\n\n## Same\n\n## Same\n\n## Same\n\n[](#same-2) [](#same-3) ![](b.png)\n")

    assert anchors(page) == {"one-two-three", "same", "same-1", "same-2"}
    assert list(wrong_links(page)) == [
        "a.md: #same-3: the page has no heading with this anchor",
        "a.md: b.png: there is no such file",
    ]
