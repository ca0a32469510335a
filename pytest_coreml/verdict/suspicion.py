"""Remarks on results that are too good, or too simple, to be what they look like; none of them decides a verdict."""

from __future__ import annotations

import statistics
from typing import TYPE_CHECKING, Final

from pytest_coreml.facts.compute_units import ALLOWED_DEVICES
from pytest_coreml.facts.reason import Cause, FastLoad, Reason
from pytest_coreml.verdict.plan_timing import planned_share

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pytest_coreml.facts.compute_units import ComputeUnits
    from pytest_coreml.facts.measurement import LoadTimes
    from pytest_coreml.facts.placement import Placement
    from pytest_coreml.facts.uniform_output import UniformOutput

# A load of what was compiled for the Neural Engine before takes 20 to 50 ms, one that has fallen back to the CPU under
# 10 ms; an app warns below this (github.com/soniqo/speech-swift, CoreMLLoader.swift). No other figures are published.
MIN_CACHED_LOAD_MS: Final = 15.0


def fast_load(load: LoadTimes | None, placement: Placement | None, units: ComputeUnits) -> Reason | None:
    """Return a reason if a plan has most of the cost on the Neural Engine, and the model was loaded too fast for that.

    None also where nothing is known of the plan, or of a load.
    """
    if load is None or placement is None or "neuralEngine" not in ALLOWED_DEVICES[units]:
        return None
    times = load.loads_ms or load.first_load_ms
    share = planned_share(placement)
    if not times or share is None or statistics.median(times) >= MIN_CACHED_LOAD_MS:
        return None
    return Reason(Cause.LOAD_TOO_FAST, FastLoad(statistics.median(times), share, MIN_CACHED_LOAD_MS))


def uniform_outputs(found: Iterable[UniformOutput]) -> list[Reason]:
    """Return a reason for each output whose elements were equal in every prediction that a test has made."""
    return [Reason(Cause.UNIFORM_OUTPUT, uniform) for uniform in found]
