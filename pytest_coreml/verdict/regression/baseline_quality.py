"""The quality of a baseline: the number of its usable runs, and the spread between them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from pytest_coreml.verdict.regression.level import MIN_CALLS, MIN_EFFECT, make_baseline

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_coreml.facts.measurement import Measurement

MIN_RUNS: Final = 3
# A baseline that lets a slowdown of a tenth pass is no help.
COARSE: Final = 0.10


@dataclass(frozen=True)
class Quality:
    """The quality of a baseline."""

    runs: int
    """The number of runs."""
    usable: int
    """The number of runs with enough undisturbed calls."""
    calls: int
    """The number of calls of the shortest run."""
    spread: float | None = None
    """The slowest usable run relative to the fastest: 0.1 is 10 % slower; None without a usable run."""
    sensitivity: float | None = None
    """The smallest slowdown that it can show at best; None without a usable run."""

    @property
    def thin(self) -> bool:
        """True if more runs, or longer ones, are needed."""
        return self.usable < MIN_RUNS or self.calls < MIN_CALLS

    @property
    def uneven(self) -> bool:
        """True if the runs differ too much among themselves."""
        return self.sensitivity is not None and self.sensitivity > COARSE


def assess(runs: Sequence[Measurement]) -> Quality:
    """Return the quality of the *runs* of one measurement as a baseline."""
    summary = make_baseline(runs)
    calls = min((len(run.native_ms) for run in runs), default=0)
    if not summary.runs:
        return Quality(len(runs), 0, calls)
    sensitivity = math.expm1(min(summary.margin(0.0) + MIN_EFFECT, 700.0))
    return Quality(len(runs), summary.runs, calls, summary.spread, sensitivity)
