"""The words and colors for the standings of verdicts, in texts, tables and on GitHub."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal, NamedTuple

if TYPE_CHECKING:
    from pytest_coreml.verdict.record import Standing


class StandingWords(NamedTuple):
    """The words for one standing."""

    words: str
    """The words in a line of text."""
    cell: str
    """The word in a table for a terminal."""
    markdown: str
    """The words in Markdown."""
    color: Literal["red", "yellow", "green"]
    """The color at a terminal."""
    level: Literal["error", "warning"] | None = None
    """The level of an annotation of GitHub Actions; None if it makes none."""


# The worst first.
STANDINGS: Final[dict[Standing, StandingWords]] = {
    "failed": StandingWords("FAILED", "FAILED", "**FAILED**", "red", "error"),
    "inconclusive": StandingWords("inconclusive", "inconclusive", "cannot tell", "yellow", "warning"),
    "not_judged": StandingWords("not judged", "not judged", "not judged", "yellow"),
    "expected": StandingWords("failed as expected (xfail)", "xfailed", "failed as expected (xfail)", "yellow"),
    "passed": StandingWords("passed", "passed", "ok", "green"),
}
