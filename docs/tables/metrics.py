"""The arguments of markers that are limits on metrics."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_coreml.facts.metrics import AGREEMENT_METRICS, BUDGET_METRICS, Metric
from tables.markdown import code, table

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_UNITS = {"x": "factor", "%": "share, 0 to 1", "": "number"}


def budget_arguments() -> Iterator[str]:
    """Return every metric that `coreml_budget` limits."""
    return _limits(BUDGET_METRICS)


def agreement_arguments() -> Iterator[str]:
    """Return every metric that `coreml_agreement` limits."""
    return _limits(AGREEMENT_METRICS)


def _limits(metrics: Iterable[Metric]) -> Iterator[str]:
    bounds = {"at most": "maximum", "at least": "minimum"}
    rows = (
        (code(each.name), bounds[each.direction], _UNITS.get(each.unit, each.unit), each.meaning) for each in metrics
    )
    return table(("argument", "limit", "unit", "of"), rows)
