"""Write the tables that are made from the code into the pages: `python docs/write_tables.py`.

A table is between the comments `<!-- [[[cog show(NAME(...)) ]]] -->` and `<!-- [[[end]]] -->`; `tables` has the
functions. cog executes the first and writes what it shows, so that a page is complete wherever it is read.
With `--check` nothing is written: the exit status is 5, and the difference is printed, if a page is not current.
"""

from __future__ import annotations

import sys
from pathlib import Path

from cogapp import Cog

DOCS = Path(__file__).resolve().parent
COMMAND = "python docs/write_tables.py"


def main(words: list[str]) -> int:
    """Run cog on all pages, with the options *words* in place of `-r`; return its exit status."""
    sys.path[:0] = [str(DOCS), str(DOCS.parent)]
    pages = [str(page) for page in sorted(DOCS.rglob("*.md")) if "[[[cog" in page.read_text("utf-8")]
    options = [*(words or ["-r"]), "-n", "utf-8", "-p", "from tables import *"]
    return int(Cog().main(["cog", *options, *pages]) or 0)


if __name__ == "__main__":
    sys.exit(main(["--check", "--diff"] if "--check" in sys.argv[1:] else []))
