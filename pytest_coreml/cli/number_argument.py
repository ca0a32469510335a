"""Numbers on the command line."""

from __future__ import annotations

import math
from argparse import ArgumentTypeError


def number_from_zero(text: str, expected: str) -> float:
    """Return the number in *text*. Raises `ArgumentTypeError`, which says what was *expected*, for any other text."""
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not 0 <= number < math.inf:
        raise ArgumentTypeError(f"expected {expected}, got {text!r}")
    return number
