"""Outputs all of whose elements are equal: plain data."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class UniformOutput:
    """An output of floating-point numbers whose elements are all equal."""

    output: str
    """The name of the output."""
    value: float
    """The value of each element."""
    elements: int
    """The number of elements."""
