"""What the markers declare: plain data, made from marks once, with every mistake found."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pytest_coreml.facts.compute_units import ComputeUnits, Device
    from pytest_coreml.facts.placement import ShareBy


@dataclass(frozen=True)
class Budget:
    """The limits of one `coreml_budget` marker; None is no limit.

    *predict_ms*: median native time. *predict_p90_ms*, *predict_p95_ms*: quantiles of it. *first_predict_ms*: the
    first prediction after loading. *load_ms*: from a path loaded before; *first_load_ms*: from a path never used
    before. *size_mb*: the file or package, 10^6 bytes. *memory_mb*: peak growth of the engine, 10^6 bytes. *min_fps*:
    predictions a second at the median. *min_speedup*: how many times faster than under each other setting, in the
    same run. *compute_units*: the settings that this budget is for, None for all.
    """

    predict_ms: float | None = None
    predict_p90_ms: float | None = None
    predict_p95_ms: float | None = None
    first_predict_ms: float | None = None
    load_ms: float | None = None
    first_load_ms: float | None = None
    compile_ms: float | None = None
    size_mb: float | None = None
    memory_mb: float | None = None
    min_fps: float | None = None
    min_speedup: Mapping[ComputeUnits, float] = field(default_factory=dict)
    compute_units: tuple[ComputeUnits, ...] | None = None


@dataclass(frozen=True)
class PlacementRule:
    """The rules of one `coreml_placement` marker.

    *forbid*: devices on which no operation may be planned. *min_share*: least share (0..1) for each device, *by* cost
    or number of operations (None: cost, or operations where the plan has no cost). *allow*: operators, without opset
    prefix, that do not count. *max_transitions*: most changes of device between neighbouring operations.
    *compute_units*: the settings that this rule is for, None for all.
    """

    forbid: tuple[Device, ...] = ()
    min_share: Mapping[Device, float] = field(default_factory=dict)
    by: ShareBy | None = None
    allow: frozenset[str] = frozenset()
    max_transitions: int | None = None
    compute_units: tuple[ComputeUnits, ...] | None = None
