"""Confirmation of planned placements by the clock: Core ML does not report whether it kept a plan."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pytest_coreml.facts.measurement import Measurement
    from pytest_coreml.facts.placement import Placement, ShareBy

# A plan says Neural Engine when at least this share of it is there: less would not show in the time.
MIN_SHARE = 0.5
# Medians of one model on one Mac moved by up to 2.3 % from run to run; within a run, less is no difference.
MIN_NOISE = 0.03


def unconfirmed(placement: Placement, own: Measurement, cpu_only: Measurement) -> str | None:
    """Return a sentence if timing does not confirm a plan for the Neural Engine; None if it does or cannot decide.

    *own*: predictions under units with the Neural Engine, *cpu_only*: of the same model in the same run. Not confirmed
    means that the medians differ by no more than the noise: half the distance of the 10 % and 90 % quantiles, at least
    3 %.
    """
    if placement.unknown or not all(run.usable and not run.thermal_changed for run in (own, cpu_only)):
        return None
    share = planned_share(placement)
    if share is None or abs(own.median_ms / cpu_only.median_ms - 1) > max(_noise(own), _noise(cpu_only)):
        return None
    return (
        f"planned placement not confirmed by timing: the plan has {share * 100:.1f} % of "
        f"{'cost' if placement.has_cost else 'operations'} on neuralEngine, but the median of {own.median_ms:.3g} ms "
        f"is within noise of the {cpu_only.median_ms:.3g} ms under cpuOnly"
    )


def planned_share(placement: Placement) -> float | None:
    """Return the share (0..1) of the Neural Engine in a plan that says Neural Engine, by cost where the plan has costs.

    None for other plans, and unknown ones.
    """
    if placement.unknown:
        return None
    by: ShareBy = "cost" if placement.has_cost else "ops"
    share = placement.share("neuralEngine", by)
    return share if share >= MIN_SHARE else None


def _noise(measurement: Measurement) -> float:
    return max(MIN_NOISE, (measurement.p90_ms - measurement.p10_ms) / 2 / measurement.median_ms)
