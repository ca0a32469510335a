"""Write the text output of commands: what a report, a model or an engine says can only be read."""

from __future__ import annotations

import sys

from pytest_coreml.escaping import safe_lines


def write_text(text: str) -> None:
    """Write *text*, which ends with a line break, to stdout."""
    sys.stdout.write(safe_lines(text))
