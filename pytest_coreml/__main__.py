"""The command `pytest-coreml`, which is also `python -m pytest_coreml`."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from pytest_coreml.facts.installed import missing_library

if TYPE_CHECKING:
    from collections.abc import Sequence


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit status; 2 with one line on stderr if the library is not installed."""
    problem = missing_library()
    if problem is not None:
        sys.stderr.write(f"pytest-coreml: {problem}\n")
        return 2
    from pytest_coreml import cli

    return cli.main(argv)


if __name__ == "__main__":
    sys.exit(main())
