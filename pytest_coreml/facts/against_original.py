"""A variant of a model beside its original: plain data."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class PairedTimes:
    """The prediction times of a variant and its original, interleaved in one process."""

    original_ms: float
    """The median of the original, in ms."""
    variant_ms: float
    """The median of the variant, in ms."""
    ratio: float
    """The median of the ratios of neighbouring calls, of the variant's time to the original's."""
    pairs: int
    """The number of pairs."""
    processes: int = 1
    """The number of processes that measured; the times are those of the last one."""


@dataclass(frozen=True)
class AgainstOriginal:
    """The facts about a variant that are relative to its original; those of the original itself are relative to it."""

    original: str
    """The SHA-256 of the original."""
    size_mb: float
    """The size of the variant, in 10^6 bytes."""
    size_ratio: float
    """Its size as a share of the original's."""
    gained: dict[str, int] = field(default_factory=dict)
    """The operations that it has more than the original, and how many."""
    lost: dict[str, int] = field(default_factory=dict)
    """The operations that it has fewer, and how many."""
    times: PairedTimes | None = None
    """The prediction times of both; None if they were not measured."""
