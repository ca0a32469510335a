"""The quality of a baseline: the metrics that it can be compared by, as a run decides it, and how sensitively."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from pytest_coreml.verdict.regression.level import MIN_EFFECT, make_baseline
from pytest_coreml.verdict.regression.load_and_memory import unusable_costs
from pytest_coreml.verdict.regression.prediction_time import no_usable_run

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_coreml.facts.measurement import Measurement
    from pytest_coreml.facts.reason import Reason
    from pytest_coreml.verdict.regression.run import Run

# With fewer runs their spread is mostly an assumption.
RECOMMENDED_RUNS: Final = 3
# A baseline that lets a slowdown of a tenth pass is no help.
COARSE: Final = 0.10


@dataclass(frozen=True)
class Quality:
    """The quality of a baseline."""

    runs: int = 0
    """The number of runs whose predictions are compared with."""
    unusable: tuple[tuple[str, Reason], ...] = ()
    """The metrics that no run can be compared by, each with the reason that a run and `compare` give."""
    spread: float | None = None
    """The slowest usable run relative to the fastest: 0.1 is 10 % slower; None without a usable run."""
    sensitivity: float | None = None
    """The smallest slowdown that it can show at best; None without a usable run."""

    @property
    def uneven(self) -> bool:
        """True if the runs differ too much among themselves."""
        return self.sensitivity is not None and self.sensitivity > COARSE

    @property
    def usable(self) -> bool:
        """True if every metric can be compared, and a slowdown of a tenth fails."""
        return not self.unusable and not self.uneven


def assess(runs: Sequence[Run]) -> Quality:
    """Return the quality of the *runs* of one measurement on one kind of machine, oldest first, as a baseline."""
    unusable = tuple(unusable_costs(runs))
    predicted = [run.predict for run in runs if run.predict is not None]
    if not predicted:
        return Quality(0, unusable)
    # A run compares with the same workload only, and the newest is what it will have.
    alike = [measurement for measurement in predicted if measurement.workload == predicted[-1].workload]
    return _of_predictions(alike, unusable)


def _of_predictions(runs: Sequence[Measurement], unusable: tuple[tuple[str, Reason], ...]) -> Quality:
    summary = make_baseline(runs)
    if not summary.runs:
        return Quality(0, (("predict_ms", no_usable_run(runs)), *unusable))
    sensitivity = math.expm1(min(summary.margin(0.0) + MIN_EFFECT, 700.0))
    return Quality(summary.runs, unusable, summary.spread, sensitivity)
