"""The pages of the documentation: their tables are current, they are plain Markdown, and their links lead somewhere."""

from __future__ import annotations

import itertools
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

import pytest
from markdown_it import MarkdownIt

if TYPE_CHECKING:
    from collections.abc import Iterator

    from markdown_it.token import Token

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
WRITE_TABLES = DOCS / "write_tables.py"
PAGES = sorted(
    page.relative_to(ROOT).as_posix()
    for page in (*ROOT.glob("*.md"), *DOCS.rglob("*.md"), *ROOT.glob("benchmarks/*.md"), *ROOT.glob("tests/*/*.md"))
)


def tokens(page: str) -> list[Token]:
    """Return the tokens of a page, those inside of paragraphs too."""
    blocks = MarkdownIt().enable("table").parse((ROOT / page).read_text("utf-8"))
    return [token for block in blocks for token in (block, *(block.children or ()))]


def links(page: str) -> Iterator[str]:
    """Yield the targets of links and images that are not on the network."""
    for token in tokens(page):
        target = str(token.attrs.get("href") or token.attrs.get("src") or "")
        if target and not urlsplit(target).scheme:
            yield unquote(target)


def anchors(page: Path) -> set[str]:
    """Return the anchors that GitHub makes of the headings of a page."""
    found: list[str] = []
    blocks = MarkdownIt().enable("table").parse(page.read_text("utf-8"))
    for opened, heading in itertools.pairwise(blocks):
        if opened.type == "heading_open":
            text = "".join(part.content for part in heading.children or ())
            slug = re.sub(r"[^\w\- ]", "", text.lower()).replace(" ", "-")
            found.append(f"{slug}-{found.count(slug)}" if slug in found else slug)
    return set(found)


def problem_of(page: str, target: str) -> str | None:
    """Return the reason why a link leads nowhere."""
    path, _, anchor = target.partition("#")
    file = (ROOT / page).parent / path if path else ROOT / page
    if not file.exists():
        return f"{target}: {file.resolve()} does not exist"
    if anchor and anchor not in anchors(file):
        return f"{target}: {file.name} has no heading with this anchor"
    return None


def test_the_tables_of_the_pages_are_current() -> None:
    """A page shows what the code declares; the failure names the command that writes the tables again."""
    result = subprocess.run(
        [sys.executable, WRITE_TABLES, "--check"], capture_output=True, text=True, check=False, cwd=ROOT
    )

    assert result.returncode == 0, f"run: python docs/write_tables.py\n{result.stdout}{result.stderr}"


@pytest.mark.parametrize("page", PAGES)
def test_a_page_is_plain_markdown(page: str) -> None:
    """GitHub shows a directive of Sphinx as code, and a definition list as a paragraph."""
    blocks = MarkdownIt().parse((ROOT / page).read_text("utf-8"))

    assert [token.info for token in blocks if token.info.startswith("{")] == []
    paragraphs = [token.content for token in blocks if token.type == "inline"]
    assert [text for text in paragraphs if re.search(r"^:|\{\w+\}`", text, flags=re.MULTILINE)] == []


@pytest.mark.parametrize("page", PAGES)
def test_the_links_of_a_page_lead_to_files_and_headings(page: str) -> None:
    """Links are relative and end in `.md`, so that they work on GitHub and in Sphinx."""
    assert [problem for problem in (problem_of(page, target) for target in links(page)) if problem] == []


def test_a_wrong_link_is_found(tmp_path: Path) -> None:
    """A missing file and a missing heading are problems; GitHub numbers the anchors of equal headings."""
    (tmp_path / "a.md").write_text("# One `two`, three\n\n## Same\n\n## Same\n")

    assert anchors(tmp_path / "a.md") == {"one-two-three", "same", "same-1"}
    assert problem_of(str(tmp_path / "a.md"), "#same-1") is None
    assert "has no heading" in str(problem_of(str(tmp_path / "a.md"), "#same-2"))
    assert "does not exist" in str(problem_of(str(tmp_path / "a.md"), "b.md"))
