"""Whether measured figures keep the limits of a `coreml_budget` marker."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pytest_coreml.facts.compute_units import COMPUTE_UNITS
from pytest_coreml.facts.measurement import Measurement
from pytest_coreml.facts.metrics import BUDGET_METRICS, METRICS, SPEEDUP, Measured
from pytest_coreml.verdict.check import Check

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from pytest_coreml.facts.compute_units import ComputeUnits
    from pytest_coreml.facts.limits import Budget
    from pytest_coreml.facts.measurement import LoadTimes
    from pytest_coreml.facts.metrics import Metric, Need
    from pytest_coreml.verdict.check import Verdict


@dataclass(frozen=True)
class MeasuredFacts:
    """What budgets are judged by: everything known of one record.

    *partners*: measurements of the same test under other settings in the same run; an absent key was not measured.
    *reached*: the settings under which the whole test is run. *clock*: None when times may be judged, else the reason
    why they may not.
    """

    compute_units: ComputeUnits
    load: LoadTimes | None = None
    predict: Measurement | None = None
    size_mb: float | None = None
    memory_mb: float | None = None
    partners: Mapping[ComputeUnits, Measurement | None] = field(default_factory=dict)
    reached: Collection[ComputeUnits] = ()
    clock: str | None = None

    @property
    def measured(self) -> Measured:
        """What was measured, for metrics."""
        return Measured(self.load, self.predict, self.size_mb, self.memory_mb)


def needs_prediction(budget: Budget) -> bool:
    """Return True if a limit of *budget* needs measured predictions."""
    return _needs(budget, "prediction", "first prediction")


def needs_load(budget: Budget) -> bool:
    """Return True if a limit of *budget* is about loading, or about the first prediction after it."""
    return _needs(budget, "load")


def needs_fresh_load(budget: Budget, units: ComputeUnits) -> bool:
    """Return True if *budget* limits the load time of an app that starts again, on these compute units."""
    return _needs(budget, "fresh load") and (budget.compute_units is None or units in budget.compute_units)


def _needs(budget: Budget, *needs: Need) -> bool:
    return any(
        getattr(budget, metric.name) not in (None, {}) and not set(needs).isdisjoint(metric.needs)
        for metric in BUDGET_METRICS
    )


def judge_budgets(budget: Budget, facts: MeasuredFacts) -> list[Check]:
    """Give one check for each limit that *budget* sets, none when it is for other compute units.

    A figure equal to its limit keeps it. A figure beyond its limit that other processes may have caused is
    `inconclusive`; one that keeps its limit in spite of them has passed. A time taken while the machine became warmer
    or cooler is `inconclusive` in any case.
    """
    if budget.compute_units is not None and facts.compute_units not in budget.compute_units:
        return []
    figures = (check for metric in METRICS for check in _judge(budget, metric, facts))
    return [*figures, *_speedups(budget, facts)]


def _judge(budget: Budget, metric: Metric, facts: MeasuredFacts) -> Iterator[Check]:
    limit: float | None = getattr(budget, metric.name)
    if limit is None or metric.value is None:
        return
    value = metric.value(facts.measured)
    if metric.is_timed and facts.clock is not None:
        yield Check(metric.name, limit, value, "not_judged", facts.clock)
    elif value is None:
        yield Check(metric.name, limit, None, "not_judged", "nothing was measured")
    else:
        kept, times = metric.keeps(value, limit), metric.timed_in(facts.measured)
        yield Check(metric.name, limit, value, *_verdict(kept, _thermal_doubt(times) or _doubt(times, kept)))


def _speedups(budget: Budget, facts: MeasuredFacts) -> Iterator[Check]:
    for units, limit in budget.min_speedup.items():
        if units != facts.compute_units:
            yield judge_speedup(units, limit, facts)


def awaits_partner(check: Check) -> ComputeUnits | None:
    """Give the compute units that *check*, a speed-up, could not be judged for, since nothing had been measured there
    so far; None for any other check."""
    partners = (units for units in COMPUTE_UNITS if check.check == f"min_speedup[{units}]")
    units = next(partners, None)
    return units if units is not None and check.reason in _no_partner(units).values() else None


def _no_partner(units: ComputeUnits) -> dict[bool, str]:
    """Give the reasons that *units* were not measured, by whether the whole test would measure them."""
    return {
        True: f"{units} was not run in this run; run the whole test, which has an instance for {units}",
        False: f"{units} was not measured in this run; add {units!r} to this test's coreml_compute_units marker",
    }


def judge_speedup(units: ComputeUnits, limit: float, facts: MeasuredFacts) -> Check:
    """Judge how many times faster than under *units* the predictions are."""
    name = f"min_speedup[{units}]"
    own, partner = facts.predict, facts.partners.get(units)
    if facts.clock is not None:
        return Check(name, limit, None, "not_judged", facts.clock)
    if own is None:
        return Check(name, limit, None, "not_judged", "nothing was measured")
    if partner is None:
        return Check(name, limit, None, "not_judged", _no_partner(units)[units in facts.reached])
    value = partner.median_ms / own.median_ms if own.median_ms > 0 else float("inf")
    # A disturbed run looks slower than it is: a slow partner can only help, a slow run of our own only hurt.
    kept = SPEEDUP.keeps(value, limit)
    doubt = _thermal_doubt(partner) or _thermal_doubt(own) or _doubt(partner if kept else own, kept=False)
    return Check(name, limit, value, *_verdict(kept, doubt))


def _verdict(kept: bool, doubt: str | None) -> tuple[Verdict, str | None]:
    if doubt is not None:
        return "inconclusive", doubt
    return ("passed" if kept else "failed"), None


def _doubt(measured: LoadTimes | Measurement | None, kept: bool) -> str | None:
    """Give the reason why a time may be longer than the model's own; to one that keeps its limit this is no doubt."""
    if kept or not isinstance(measured, Measurement) or measured.usable:
        return None
    return (
        f"only {measured.undisturbed} of {len(measured.native_ms)} calls were undisturbed by other processes; "
        "free the machine and run again"
    )


def _thermal_doubt(measured: LoadTimes | Measurement | None) -> str | None:
    if measured is None or measured.thermal is None or not measured.thermal_changed:
        return None
    before, after = measured.thermal
    return (
        f"the thermal state of the machine changed from {before} to {after} while measuring; "
        "let it cool down and run again"
    )
