"""The verdicts on the limits of `coreml_budget` markers."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pytest_coreml.facts.compute_units import COMPUTE_UNITS
from pytest_coreml.facts.measurement import Measurement
from pytest_coreml.facts.metrics import METRICS, SPEEDUP, Measured, parse_check
from pytest_coreml.facts.reason import Cause, Disturbance, Reason
from pytest_coreml.verdict.check import Check
from pytest_coreml.verdict.ratio_rules import judge_time_ratio

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from pytest_coreml.facts.against_original import AgainstOriginal
    from pytest_coreml.facts.compute_units import ComputeUnits
    from pytest_coreml.facts.limits import Budget
    from pytest_coreml.facts.measurement import LoadTimes, Pairs
    from pytest_coreml.facts.metrics import Metric
    from pytest_coreml.verdict.check import Verdict


@dataclass(frozen=True)
class MeasuredFacts:
    """The facts that budgets are judged by: everything known of one record.

    *partners*: measurements of the same test under other settings in the same run; an absent key was not measured.
    *reached*: the settings under which the whole test is run. *clock*: None when times may be judged, else the reason
    why they may not. *lacking*: compute units whose device the machine lacks, with the reason. *scenario*: the name of
    the scenario, None for a model. *against_original*, *pairs*: of a variant, whose times are the current ones of
    *pairs*. *is_original*: it is what variants are compared with.
    """

    compute_units: ComputeUnits
    load: LoadTimes | None = None
    predict: Measurement | None = None
    size_mb: float | None = None
    memory_mb: float | None = None
    sustained: Measurement | None = None
    partners: Mapping[ComputeUnits, Measurement | None] = field(default_factory=dict)
    reached: Collection[ComputeUnits] = ()
    clock: Reason | str | None = None
    lacking: Mapping[ComputeUnits, Reason] = field(default_factory=dict)
    scenario: str | None = None
    against_original: AgainstOriginal | None = None
    pairs: Sequence[Pairs] = ()
    is_original: bool = False

    @property
    def measured(self) -> Measured:
        """The measured facts that metrics are read from."""
        return Measured(self.load, self.predict, self.size_mb, self.memory_mb, self.sustained)


def judge_budgets(budget: Budget, facts: MeasuredFacts) -> list[Check]:
    """Return one check for each limit that *budget* sets, none if it is for other compute units or another scenario.

    A figure equal to its limit keeps it. A figure beyond its limit that other processes may have caused is
    `inconclusive`; one that keeps its limit in spite of them has passed. A time taken while the machine became warmer
    or cooler is `inconclusive` in any case.
    """
    if budget.scenario != facts.scenario:
        return []
    if budget.compute_units is not None and facts.compute_units not in budget.compute_units:
        return []
    figures = (check for metric in METRICS for check in _judge(budget, metric, facts))
    return [*figures, *_speedups(budget, facts), *_ratios(budget, facts)]


def _judge(budget: Budget, metric: Metric, facts: MeasuredFacts) -> Iterator[Check]:
    limit: float | None = getattr(budget, metric.name)
    if limit is None or metric.value is None:
        return
    value = metric.value(facts.measured)
    if metric.is_timed and facts.clock is not None:
        yield Check(metric.name, limit, value, "not_judged", facts.clock)
    elif value is None:
        yield Check(metric.name, limit, None, "not_judged", Reason(Cause.NOTHING_MEASURED))
    else:
        kept, times = metric.keeps(value, limit), metric.timed_in(facts.measured)
        yield Check(metric.name, limit, value, *_verdict(kept, _thermal_doubt(times) or _doubt(times, kept)))


def _speedups(budget: Budget, facts: MeasuredFacts) -> Iterator[Check]:
    for units, limit in budget.min_speedup.items():
        if units != facts.compute_units:
            yield judge_speedup(units, limit, facts)


def _ratios(budget: Budget, facts: MeasuredFacts) -> Iterator[Check]:
    """Judge a variant beside its original; the original itself is not judged."""
    if facts.is_original:
        return
    missing = Reason(Cause.NO_VARIANT) if facts.against_original is None else None
    if (limit := budget.max_size_ratio) is not None:
        value = facts.against_original.size_ratio if facts.against_original is not None else None
        if value is None:
            yield Check("max_size_ratio", limit, None, "not_judged", missing)
        else:
            yield Check("max_size_ratio", limit, value, "passed" if value <= limit else "failed")
    if budget.max_time_ratio is not None:
        yield judge_time_ratio(budget.max_time_ratio, facts.pairs, missing or facts.clock)


def awaits_partner(check: Check) -> ComputeUnits | None:
    """Return the compute units that *check*, a speed-up, could not be judged against because nothing had been measured
    there yet; None for any other check."""
    if check.cause not in (Cause.PARTNER_NOT_SELECTED, Cause.PARTNER_NOT_MEASURED):
        return None
    item = parse_check(check.check).item
    return next((units for units in COMPUTE_UNITS if units == item), None)


def judge_speedup(units: ComputeUnits, limit: float, facts: MeasuredFacts) -> Check:
    """Judge how many times faster than under *units* the predictions are."""
    name = f"{SPEEDUP.name}[{units}]"
    own, partner = facts.predict, facts.partners.get(units)
    doubt_of_times = facts.clock or facts.lacking.get(units)
    if doubt_of_times is not None:
        return Check(name, limit, None, "not_judged", doubt_of_times)
    if own is None:
        return Check(name, limit, None, "not_judged", Reason(Cause.NOTHING_MEASURED))
    if partner is None:
        cause = Cause.PARTNER_NOT_SELECTED if units in facts.reached else Cause.PARTNER_NOT_MEASURED
        return Check(name, limit, None, "not_judged", Reason(cause, units))
    value = partner.median_ms / own.median_ms if own.median_ms > 0 else float("inf")
    # A disturbed run looks slower than it is: a slow partner can only help, a slow run of our own only hurt.
    kept = SPEEDUP.keeps(value, limit)
    doubt = _thermal_doubt(partner) or _thermal_doubt(own) or _doubt(partner if kept else own, kept=False)
    return Check(name, limit, value, *_verdict(kept, doubt))


def _verdict(kept: bool, doubt: Reason | None) -> tuple[Verdict, Reason | None]:
    if doubt is not None:
        return "inconclusive", doubt
    return ("passed" if kept else "failed"), None


def _doubt(times: LoadTimes | Measurement | None, kept: bool) -> Reason | None:
    """Return the reason why a time may be longer than the model's own; a limit that is met is met anyway."""
    if kept or not isinstance(times, Measurement):
        return None
    if times.on_efficiency_cores:
        return Reason(Cause.EFFICIENCY_CORES, times.efficiency_share)
    if times.usable:
        return None
    return Reason(Cause.RUN_DISTURBED, Disturbance(len(times.native_ms), times.undisturbed))


def _thermal_doubt(times: LoadTimes | Measurement | None) -> Reason | None:
    if times is None or not times.thermal_changed:
        return None
    return Reason(Cause.THERMAL_CHANGE, times.thermal)
