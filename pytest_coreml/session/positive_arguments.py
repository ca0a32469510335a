"""Arguments that must be positive numbers."""

from __future__ import annotations

import contextlib
import math
import operator
from typing import Any

from pytest_coreml.errors import InputError, hidden_for_ours, shown

__tracebackhide__ = hidden_for_ours


def positive(name: str, value: Any) -> int:
    """Return an argument as an int; raise `InputError`, naming it, if it is not a positive whole number."""
    with contextlib.suppress(TypeError):
        # True would count as 1, which is not what a caller means.
        if not isinstance(value, bool) and (number := operator.index(value)) > 0:
            return number
    raise InputError(f"{name}: expected a positive whole number, got {shown(value)}")


def positive_number(name: str, value: Any) -> float:
    """Return an argument as a float; raise `InputError`, naming it, if it is not a positive finite number."""
    with contextlib.suppress(TypeError, ValueError):
        if not isinstance(value, (bool, str)) and 0 < (number := float(value)) < math.inf:
            return number
    raise InputError(f"{name}: expected a positive number, got {shown(value)}")
