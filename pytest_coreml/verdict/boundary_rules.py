"""The verdicts on `coreml_boundary` markers: casts that another declaration would remove, and bytes in each call."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_coreml.facts.reason import Cause, Reason
from pytest_coreml.verdict.check import Check

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_coreml.facts.compute_units import ComputeUnits
    from pytest_coreml.facts.limits import BoundaryRule
    from pytest_coreml.facts.model_boundary import Boundary


def judge_boundary(rule: BoundaryRule, boundary: Boundary, units: ComputeUnits) -> list[Check]:
    """Return one check for each limit that *rule* sets, none if it is for other compute units."""
    if rule.compute_units is not None and units not in rule.compute_units:
        return []
    return [*_casts(rule, boundary), *_bytes(rule, boundary)]


def _casts(rule: BoundaryRule, boundary: Boundary) -> Iterator[Check]:
    if not rule.forbid_casts:
        return
    avoidable = tuple(crossing for crossing in boundary.crossings if crossing.avoidable_casts)
    count = sum(crossing.avoidable_casts for crossing in avoidable)
    if avoidable:
        yield Check("forbid_casts", 0, count, "failed", Reason(Cause.CASTS_AT_BOUNDARY, avoidable))
    elif not boundary.crossings or boundary.why_unknown is not None:
        yield Check("forbid_casts", 0, None, "not_judged", Reason(Cause.BOUNDARY_UNKNOWN, boundary.why_unknown))
    else:
        kept = tuple(crossing for crossing in boundary.crossings if crossing.casts)
        yield Check("forbid_casts", 0, 0, "passed", Reason(Cause.UNAVOIDABLE_CASTS, kept) if kept else None)


def _bytes(rule: BoundaryRule, boundary: Boundary) -> Iterator[Check]:
    if rule.max_bytes is None:
        return
    limit, value = rule.max_bytes, boundary.size_bytes
    if value > limit:
        reason = Reason(Cause.CACHES_CROSS, boundary.caches) if boundary.caches else None
        yield Check("max_bytes", limit, value, "failed", reason)
    elif boundary.unsized or not boundary.crossings:
        # What is known is a lower bound.
        yield Check("max_bytes", limit, None, "not_judged", Reason(Cause.SIZE_UNKNOWN, boundary.unsized))
    else:
        yield Check("max_bytes", limit, value, "passed")
