"""The limits that markers declare: plain data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, Union

from pytest_coreml.facts.agreement import LIMITS

if TYPE_CHECKING:
    from pytest_coreml.facts.compute_units import ComputeUnits, Device
    from pytest_coreml.facts.placement import ShareBy


@dataclass(frozen=True)
class Budget:
    """The limits of one `coreml_budget` marker; None sets no limit."""

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
    sustained_ms: float | None = None
    """Maximum of the median native time in the last quarter of a sustained load, in ms."""
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
    min_throughput: float | None = None
    """Minimum of predictions that end in a second, of those in flight together."""
    min_speedup: Mapping[ComputeUnits, float] = field(default_factory=dict)
    """Minimum speed relative to each of these configurations, measured in the same run."""
    max_size_ratio: float | None = None
    """Maximum size of a variant, as a share of its original's."""
    max_time_ratio: float | None = None
    """Maximum prediction time of a variant, as a share of its original's, in interleaved calls."""
    scenario: str | None = None
    """The name of the scenario that the limits are for; None for those of a model."""
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
    """Maximum number of changes of device between neighboring operations."""
    max_moved: Mapping[Device, float] = field(default_factory=dict)
    """Maximum share (0..1) of the baseline's plan that has left each of these devices."""
    observed: Mapping[Device, bool] = field(default_factory=dict)
    """The devices that counters of the system have to show at work, or not."""
    compute_units: tuple[ComputeUnits, ...] | None = None
    """The compute units that this rule applies to; None for all."""


@dataclass(frozen=True)
class Reference:
    """The reference of a `coreml_agreement` marker."""

    kind: Literal["units", "original", "outputs", "source", "callable"]
    """Other compute units, the original of a variant, stored outputs, another model, or a callable from inputs to
    outputs."""
    value: Any = None
    """The compute units, path or callable."""


# A limit for all outputs, or by the name of the output.
OutputLimit = Union[float, "Mapping[str, float]", None]


@dataclass(frozen=True)
class AgreementRule:
    """The limits of one `coreml_agreement` marker; None sets no limit."""

    reference: Reference | None = None
    """The reference; None for all compute units of the test against each other."""
    inputs: Any = None
    """The number of seeded examples, the path of an `.npz`, or a callable that returns inputs; None for the inputs of
    the test."""
    outputs: tuple[str, ...] | None = None
    """The outputs that are compared; None for all."""
    min_psnr: OutputLimit = None
    """Minimum peak signal-to-noise ratio, in dB."""
    min_snr: OutputLimit = None
    """Minimum signal-to-noise ratio, in dB."""
    min_cosine: OutputLimit = None
    """Minimum cosine of the angle between the outputs."""
    max_abs: OutputLimit = None
    """Maximum absolute difference of two elements."""
    max_relative_l2: OutputLimit = None
    """Maximum norm of the difference, relative to the norm of the reference."""
    max_kl: OutputLimit = None
    """Maximum Kullback-Leibler divergence from the reference, in nats."""
    min_top1: OutputLimit = None
    """Minimum share (0..1) of decisions that agree."""
    margin: float = 0.0
    """The lead of the reference's decision below which another decision agrees."""
    finite: bool = True
    """True to check that all values are finite."""
    varying: bool | Literal["any"] = True
    """True to check that each output differs between different inputs, `any` that one of them does."""
    repeatable: bool = True
    """True to check that a repeated call gives the same values."""
    compute_units: tuple[ComputeUnits, ...] | None = None
    """The compute units that this rule applies to; None for all."""

    @property
    def has_limits(self) -> bool:
        """True if it limits the difference from a reference."""
        return any(getattr(self, name) is not None for name in LIMITS)

    @property
    def named_outputs(self) -> frozenset[str]:
        """The names of outputs in its arguments."""
        by_name = [limit for name in LIMITS if isinstance(limit := getattr(self, name), Mapping)]
        return frozenset(self.outputs or ()).union(*by_name)

    def limit(self, name: str, output: str) -> float | None:
        """Return the limit *name* of *output*; None if there is none."""
        limit: OutputLimit = getattr(self, name)
        return limit.get(output) if isinstance(limit, Mapping) else limit

    def applies_to(self, units: ComputeUnits) -> bool:
        """Return True if the rule makes checks on *units*."""
        checks = self.has_limits or self.finite or self.varying or self.repeatable
        return bool(checks) and (self.compute_units is None or units in self.compute_units)


@dataclass(frozen=True)
class BoundaryRule:
    """The limits of one `coreml_boundary` marker."""

    forbid_casts: bool = False
    """True to allow no change of type that another declaration would remove."""
    max_bytes: float | None = None
    """Maximum of the bytes that cross the boundary in one call, at the default shapes."""
    compute_units: tuple[ComputeUnits, ...] | None = None
    """The compute units that this rule applies to; None for all."""


# What a marker of limits is read as.
Meaning = Budget | PlacementRule | BoundaryRule | AgreementRule
