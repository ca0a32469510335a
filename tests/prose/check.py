"""Check the English of the project by its own rules, and print each place that breaks one.

`python tests/prose/check.py [WORD...]`: only files with one of the words in their path. The exit status is 1 if a
rule is broken.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, NamedTuple

from passages import ROOT, Passage, passages
from rules import RULES

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


class Finding(NamedTuple):
    """A rule that a passage breaks."""

    passage: Passage
    line: int
    rule: str
    message: str

    def __str__(self) -> str:
        return f"{self.passage.file.relative_to(ROOT)}:{self.line}: {self.rule}: {self.message}"


def findings(found: Iterable[Passage]) -> Iterator[Finding]:
    """Yield what the rules find in the passages."""
    for passage in found:
        for rule in RULES:
            if passage.kind in rule.kinds:
                for result in rule.check.check(passage.text):
                    line = passage.line + passage.text.count("\n", 0, result.span[0])
                    yield Finding(passage, line, result.check_path, result.message)


def main(words: list[str]) -> int:
    """Print the findings; return the exit status."""
    chosen = [each for each in passages() if not words or any(word in str(each.file) for word in words)]
    found = list(findings(chosen))
    for finding in found:
        print(finding)
    print(f"{len(found)} findings in {len(chosen)} passages")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
