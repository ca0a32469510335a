"""The variants of a model side by side: one row each, with what was measured of it beside its original."""

from __future__ import annotations

import statistics
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pytest_coreml.facts.presets import ORIGINAL

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from pytest_coreml.verdict.record import Record


@dataclass(frozen=True)
class VariantRow:
    """One variant; None is what was not measured."""

    variant: str
    """The name of the variant, `original` for the model itself."""
    verdict: str
    """The worst verdict of its checks, or the outcome of its test where it has none."""
    size_mb: float | None = None
    """The size, in 10^6 bytes."""
    size_ratio: float | None = None
    """The size as a share of the original's."""
    first_load_ms: float | None = None
    """The median time of a first load, in ms."""
    load_ms: float | None = None
    """The median time of a load, in ms."""
    predict_ms: float | None = None
    """The median time of a prediction, of a variant in calls that were interleaved with the original's, in ms."""
    limited_ms: float | None = field(default=None, metadata={"reported": False})
    """The median time of a prediction in the calls that a limit in ms judges, in ms; None without a limit."""
    time_ratio: float | None = None
    """The prediction time as a share of the original's."""
    memory_mb: float | None = None
    """The growth of the engine's peak memory, in 10^6 bytes."""
    psnr: float | None = None
    """The least peak signal-to-noise ratio of its outputs against the original's, in dB; infinite if they are equal."""
    gained: dict[str, int] = field(default_factory=dict)
    """The operations that it has more than the original."""
    lost: dict[str, int] = field(default_factory=dict)
    """The operations that it has fewer."""
    planned: dict[str, float] = field(default_factory=dict)
    """The share of each device in the plan, by cost or else by operations."""
    problem: str | None = None
    """Why it could not be built or loaded."""


@dataclass(frozen=True)
class VariantGroup:
    """The variants of one model in one test, on one configuration."""

    test: str
    """pytest's node id, without parameters."""
    model: str
    """The file name of the original."""
    compute_units: str
    machine: str | None
    rows: tuple[VariantRow, ...]
    """The original first."""


def variant_groups(records: Iterable[Record]) -> list[VariantGroup]:
    """Return the variants among *records* side by side, in the order of the tests."""
    found: dict[tuple[str, str, str | None, str], list[Record]] = {}
    for record in records:
        if record.variant is not None:
            key = (_test(record), record.compute_units, record.machine, record.configuration or "")
            found.setdefault(key, []).append(record)
    return [_group(*key[:3], group) for key, group in found.items()]


def _test(record: Record) -> str:
    """Return the node id without what tells a variant from others: its name, and the compute units."""
    test, _, parameters = record.id.partition("[")
    parameters = parameters.removesuffix("]")
    for words in (f"{record.variant}-{record.compute_units}", record.variant or ""):
        before, found, after = parameters.partition(words) if words else (parameters, "", "")
        if found:
            parameters = "-".join(filter(None, (before.rstrip("-"), after.lstrip("-"))))
            break
    return f"{test}[{parameters}]" if parameters else test


def _group(test: str, units: str, machine: str | None, records: list[Record]) -> VariantGroup:
    ordered = sorted(records, key=lambda record: record.variant != ORIGINAL)
    return VariantGroup(test, ordered[0].model_name, units, machine, tuple(map(_row, ordered)))


def _row(record: Record) -> VariantRow:
    found, load, predict = record.against_original, record.load, record.predict
    times = found.times if found is not None else None
    return VariantRow(
        variant=record.variant or "",
        verdict=_verdict(record),
        size_mb=found.size_mb if found is not None else None,
        size_ratio=found.size_ratio if found is not None else None,
        first_load_ms=_median(load.first_load_ms if load is not None else ()),
        load_ms=_median(load.loads_ms if load is not None else ()),
        predict_ms=times.variant_ms if times is not None else predict.median_ms if predict is not None else None,
        limited_ms=predict.median_ms if predict is not None and _limits_time(record) else None,
        time_ratio=times.ratio if times is not None else None,
        memory_mb=record.memory_mb,
        psnr=min(_psnrs(record), default=None),
        gained=found.gained if found is not None else {},
        lost=found.lost if found is not None else {},
        planned=_planned(record),
        problem=record.problem,
    )


def _limits_time(record: Record) -> bool:
    return any(check.check in ("predict_ms", "min_fps", "min_throughput") for check in record.checks)


def _verdict(record: Record) -> str:
    if record.outcome in ("failed", "error"):
        return "xfailed" if record.expected_failure else "failed"
    standings = [standing.replace("_", " ") for standing in record.standings]
    for standing in ("failed", "inconclusive", "passed", "not judged"):
        if standing in standings:
            return standing
    return record.outcome


def _median(samples: tuple[float, ...]) -> float | None:
    return statistics.median(samples) if samples else None


def _psnrs(record: Record) -> Iterator[float]:
    """Yield the ratio of each output against the original."""
    for agreement in record.agreement:
        if agreement.reference.startswith(ORIGINAL):
            for output in agreement.outputs:
                if output.identical:
                    yield float("inf")
                elif output.psnr is not None:
                    yield output.psnr


def _planned(record: Record) -> dict[str, float]:
    placement = record.placement
    if placement is None or placement.unknown:
        return {}
    return {
        device: share for device, share in placement.shares("cost" if placement.has_cost else "ops").items() if share
    }
