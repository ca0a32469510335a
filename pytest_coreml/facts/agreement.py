"""The agreement of a model's outputs with a reference, and their health: plain data."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping

Measure = Literal["psnr", "snr", "cosine", "max_abs", "relative_l2", "kl", "top1"]
# The measures, each with the limit of `coreml_agreement` that is set on it.
LIMITS: Final[Mapping[str, Measure]] = {
    "min_psnr": "psnr",
    "min_snr": "snr",
    "min_cosine": "cosine",
    "max_abs": "max_abs",
    "max_relative_l2": "relative_l2",
    "max_kl": "kl",
    "min_top1": "top1",
}
# A greater value of these is a greater difference.
DIFFERENCES: Final[frozenset[Measure]] = frozenset(("max_abs", "relative_l2", "kl"))


@dataclass(frozen=True)
class Comparing:
    """The measures to compute besides those of single elements, and how.

    *rows*: the measures of rows, the last axis of an output. *margin*: the lead of the reference's choice below which
    another choice agrees. *peak*: the greatest possible signal; None for that of the reference.
    """

    rows: frozenset[Measure] = frozenset()
    margin: float = 0.0
    peak: float | None = None


@dataclass(frozen=True)
class NonFinite:
    """The first element of an output that is not a number or infinite."""

    input: int
    """The number of the input, from 0."""
    index: tuple[int, ...]
    """The index of the element in the output; () for a single number."""
    value: str
    """`nan`, `inf` or `-inf`."""


@dataclass(frozen=True)
class OutputAgreement:
    """The agreement of one output with its reference, over all inputs.

    Each measure is that of the worst input, the share `top1` that of all decisions. None: not computed, or not defined
    for this kind of output. PSNR and SNR of identical outputs are infinite.
    """

    output: str
    """The name of the output."""
    psnr: float | None = None
    """The least peak signal-to-noise ratio, in dB."""
    snr: float | None = None
    """The least signal-to-noise ratio, in dB."""
    cosine: float | None = None
    """The least cosine of the angle between the outputs, from -1 to 1."""
    max_abs: float | None = None
    """The greatest absolute difference of two elements."""
    relative_l2: float | None = None
    """The greatest norm of the difference, relative to the norm of the reference."""
    kl: float | None = None
    """The greatest Kullback-Leibler divergence from the reference, in nats; infinite if only the reference gives
    probabilities."""
    top1: float | None = None
    """The share (0..1) of decisions that agree."""
    identical: bool = False
    """True if the outputs are equal for every input."""
    worst: dict[str, int] = field(default_factory=dict)
    """The number of the worst input by each measure that was computed."""
    candidate_non_finite: NonFinite | None = None
    """The first element of the model's output that could not be compared, since it is not finite."""
    reference_non_finite: NonFinite | None = None
    """The same of the reference."""

    def get(self, measure: Measure) -> float | None:
        """Return the value of *measure*."""
        value: float | None = getattr(self, measure)
        return value


@dataclass(frozen=True)
class Agreement:
    """The agreement of a model's outputs with one reference."""

    reference: str
    """The reference in words: compute units, the name of a file or of a callable."""
    inputs: int
    """The number of inputs."""
    outputs: tuple[OutputAgreement, ...]
    """The outputs, in the order of the specification."""
    saved_input: str | None = None
    """The file with the worst input, by its path from the folder of the report; None if it was not saved."""


@dataclass(frozen=True)
class OutputHealth:
    """The health of one output, over all inputs."""

    output: str
    """The name of the output."""
    inputs: int
    """The number of different inputs."""
    non_finite: int = 0
    """The number of elements that are not a number or infinite."""
    first_non_finite: NonFinite | None = None
    """The first of them."""
    varies: bool | None = None
    """True if different inputs gave different outputs; None if that says nothing about this output."""
    repeat_difference: float | None = None
    """The greatest difference between two calls with the same input, infinite where they cannot be subtracted; None if
    no call was repeated."""
    saved_input: str | None = None
    """The file with the input of the first value that is not finite, by its path from the folder of the report; None if
    it was not saved."""
