"""The limits that markers declare: plain data."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pytest_coreml.facts.compute_units import ComputeUnits, Device
    from pytest_coreml.facts.placement import ShareBy


@dataclass(frozen=True)
class Budget:
    """The limits of one `coreml_budget` marker; None is no limit."""

    predict_ms: float | None = None
    """Maximum of the median native time of a prediction, in ms."""
    predict_p90_ms: float | None = None
    """Maximum of the 90 % quantile of the native time of a prediction, in ms."""
    predict_p95_ms: float | None = None
    """Maximum of the 95 % quantile of the native time of a prediction, in ms."""
    predict_p99_ms: float | None = None
    """Maximum of the 99 % quantile of the native time of a prediction, in ms."""
    first_predict_ms: float | None = None
    """Maximum native time of the first prediction after loading, in ms."""
    load_ms: float | None = None
    """Maximum load time of a model that was loaded before, in ms."""
    first_load_ms: float | None = None
    """Maximum load time of a model that was never loaded before, in ms."""
    compile_ms: float | None = None
    """Maximum wall time of compiling the model, in ms."""
    size_mb: float | None = None
    """Maximum size of the file or package, in 10^6 bytes."""
    memory_mb: float | None = None
    """Maximum growth of the engine process's peak memory, in 10^6 bytes."""
    min_fps: float | None = None
    """Minimum of predictions per second at the median."""
    min_speedup: Mapping[ComputeUnits, float] = field(default_factory=dict)
    """Minimum speed relative to each of these configurations, measured in the same run."""
    compute_units: tuple[ComputeUnits, ...] | None = None
    """The compute units that this budget applies to; None for all."""


@dataclass(frozen=True)
class PlacementRule:
    """The rules of one `coreml_placement` marker."""

    forbid: tuple[Device, ...] = ()
    """The devices for which no operation may be planned."""
    min_share: Mapping[Device, float] = field(default_factory=dict)
    """Minimum share (0..1) of each of these devices."""
    by: ShareBy | None = None
    """The basis of the shares: `cost` or `ops`; None for cost, or operations if the plan has no cost."""
    allow: frozenset[str] = frozenset()
    """Operators, without opset prefix, that are not counted."""
    max_transitions: int | None = None
    """Maximum number of changes of device between neighbouring operations."""
    compute_units: tuple[ComputeUnits, ...] | None = None
    """The compute units that this rule applies to; None for all."""
