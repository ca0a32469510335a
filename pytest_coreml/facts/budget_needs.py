"""The measurements that the limits of a budget need."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_coreml.facts.metrics import BUDGET_METRICS

if TYPE_CHECKING:
    from pytest_coreml.facts.compute_units import ComputeUnits
    from pytest_coreml.facts.limits import Budget
    from pytest_coreml.facts.metrics import Need


def needs_prediction(budget: Budget) -> bool:
    """Return True if a limit of *budget* needs measured predictions."""
    return _needs(budget, "prediction", "first prediction")


def needs_sustained(budget: Budget, units: ComputeUnits) -> bool:
    """Return True if *budget* limits the time under a sustained load, on these compute units."""
    return _needs(budget, "sustained") and (budget.compute_units is None or units in budget.compute_units)


def needs_load(budget: Budget) -> bool:
    """Return True if a limit of *budget* is about loading, or about the first prediction after it."""
    return _needs(budget, "load")


def needs_first_load(budget: Budget) -> bool:
    """Return True if *budget* limits the time of compiling, or of a first load."""
    return _needs(budget, "first load")


def needs_fresh_load(budget: Budget, units: ComputeUnits) -> bool:
    """Return True if *budget* limits the load time of an app that starts again, on these compute units."""
    return _needs(budget, "fresh load") and (budget.compute_units is None or units in budget.compute_units)


def _needs(budget: Budget, *needs: Need) -> bool:
    # What a scenario needs, the body of the test has measured.
    return budget.scenario is None and any(
        getattr(budget, metric.name) not in (None, {}) and not set(needs).isdisjoint(metric.needs)
        for metric in BUDGET_METRICS
    )
