"""Outputs that agree less with their reference than in the baseline. Facts, not verdicts.

Each measure is brought to the size of a difference between outputs, which two runs can be compared by: 6 dB less PSNR
is twice the difference, and the divergence of softmaxes grows with the square of it.
"""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from pytest_coreml.facts.agreement import LIMITS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from pytest_coreml.facts.agreement import Agreement, Measure, NonFinite, OutputAgreement

# The growth of a difference that is worth a line, about 2 dB: other hardware and libraries move it by less.
MIN_GROWTH: Final = 1.25
# Single precision tells outputs no finer apart: 120 dB.
MIN_DIFFERENCE: Final = 1e-6


@dataclass(frozen=True)
class AgreementDrop:
    """An output that agrees less with *reference* than before."""

    reference: str
    output: str
    measures: Mapping[Measure, tuple[float, float]] = field(default_factory=dict)
    """Each measure that is worse, before and now; infinite where the outputs were equal."""
    non_finite: NonFinite | None = None
    """The element that keeps the output from being compared now; None if it was compared, or was not before either."""


def find_drops(before: Sequence[Agreement], now: Sequence[Agreement]) -> tuple[AgreementDrop, ...]:
    """Return the outputs whose difference from the same reference, over as many inputs, has grown by a quarter or more.

    Differences below 1e-6 of the outputs count as none. An output that could be compared and cannot any more is one of
    them, and measures that only one side has are not.
    """
    earlier: dict[tuple[str, int], list[Agreement]] = defaultdict(list)
    for agreement in before:
        earlier[agreement.reference, agreement.inputs].append(agreement)
    return tuple(
        drop
        for agreement in now
        if (same := earlier[agreement.reference, agreement.inputs])
        for drop in _drops(same.pop(0), agreement)
    )


def _drops(before: Agreement, now: Agreement) -> Iterator[AgreementDrop]:
    old = {output.output: output for output in before.outputs}
    for output in now.outputs:
        if output.output not in old:
            continue
        drop = _drop(now.reference, old[output.output], output)
        if drop.measures or drop.non_finite is not None:
            yield drop


def _drop(reference: str, before: OutputAgreement, now: OutputAgreement) -> AgreementDrop:
    bad = now.candidate_non_finite or now.reference_non_finite
    if bad is not None:
        was_bad = before.candidate_non_finite or before.reference_non_finite
        return AgreementDrop(reference, now.output, non_finite=bad if was_bad is None else None)
    return AgreementDrop(reference, now.output, dict(_worse(before, now)))


def _worse(before: OutputAgreement, now: OutputAgreement) -> Iterator[tuple[Measure, tuple[float, float]]]:
    negligible = now.psnr is not None and _ratio(now.psnr) <= MIN_DIFFERENCE
    for measure in LIMITS.values():
        old, new = _value(before, measure), _value(now, measure)
        if old is None or new is None or (negligible and measure != "top1"):
            continue
        if _difference(measure, new) > MIN_GROWTH * _difference(measure, old):
            yield measure, (old, new)


def _value(output: OutputAgreement, measure: Measure) -> float | None:
    """Return the value of *measure*, that of equal outputs too, which a report does not contain; None if undefined."""
    if output.identical:
        return {"psnr": math.inf, "snr": math.inf, "cosine": 1.0, "top1": 1.0}.get(measure, 0.0)
    value = output.get(measure)
    return None if value is None or math.isnan(value) else value


def _difference(measure: Measure, value: float) -> float:
    """Return what *value* of *measure* says of the difference of two outputs; twice as much is twice as different."""
    if measure in ("psnr", "snr"):
        return _ratio(value)
    if measure == "cosine":
        return math.sqrt(max(0.0, 1.0 - value))
    if measure == "kl":
        return math.sqrt(max(0.0, value))
    return 1.0 - value if measure == "top1" else value


def _ratio(decibels: float) -> float:
    """Return the ratio of amplitudes, that of noise to signal, of a signal-to-noise ratio in dB."""
    # Ratios beyond this are those of forged reports.
    return math.pow(10.0, min(-decibels / 20.0, 300.0))
