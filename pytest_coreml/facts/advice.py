"""Causes that are known to keep operations off the Neural Engine, found in a program without a Mac: plain data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Effect = Literal["load fails", "refused", "hint"]
Certainty = Literal["high", "medium", "low"]


@dataclass(frozen=True)
class Advice:
    """One rule, and the operations of a model that it is about."""

    rule: str
    """The name of the rule, such as `gather-index`."""
    effect: Effect
    """`refused`: the Neural Engine does not run such an operation; `load fails`: a load on it can fail; `hint`: slower
    than it could be."""
    operators: dict[str, int]
    """The count of each operator that the rule is about; empty if it is about the model as a whole."""
    places: tuple[str, ...]
    """The names of the first of these operations' outputs, at most five; of inputs or states, where it is about these.
    """
    finding: str
    """The problem."""
    cure: str
    """The remedy."""
    seen_on: str
    """The devices and system versions that the rule is known for."""
    source: str
    """The source of the rule."""
    certainty: Certainty
    """`high`: the compiler's own words, or Apple's; `medium`: one good measurement; `low`: a claim, or contradicted."""

    @property
    def count(self) -> int:
        """The number of operations."""
        return sum(self.operators.values())
