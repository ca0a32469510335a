"""Measures of the difference between two outputs; the formulas are in docs/reference/agreement.md.

All sums are in double precision, over blocks of elements, so that outputs of any size need no second copy.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np

from pytest_coreml.facts.agreement import DIFFERENCES, Comparing, NonFinite, OutputAgreement

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from pytest_coreml.facts.agreement import Measure

    Array = np.ndarray[Any, Any]
    # Returns the elements of a flat array from one index up to another.
    Read = Callable[[int, int], Array]

BY_ELEMENT: Final[tuple[Measure, ...]] = ("psnr", "snr", "cosine", "max_abs", "relative_l2")
BY_ROW: Final[tuple[Measure, ...]] = ("kl", "top1")
# 0.5 MB of each operand: blocks stay in the processor's cache.
_BLOCK: Final = 1 << 16
# A softmax in float16 rounds each probability to 11 bits, and a sum over thousands of classes more coarsely.
_SUM_TOLERANCE: Final = 0.01
# The least positive float16: smaller probabilities are zero in one precision and not in another.
_MIN_PROBABILITY: Final = 2.0**-24


class InputMeasures(NamedTuple):
    """The measures of one output for one input; None where an element could not be compared."""

    values: dict[Measure, float]
    kl_of_probabilities: float | None = None
    """The divergence if rows are probabilities and not logits; None if the reference has a row that cannot be one."""
    decisions: int = 0
    """The number of rows with a decision."""
    agreeing: int = 0
    """The number of decisions that agree."""
    identical: bool = False
    candidate_bad: tuple[tuple[int, ...], str] | None = None
    """Index and value of the first element of the candidate that is not finite, where the reference is other."""
    reference_bad: tuple[tuple[int, ...], str] | None = None
    """The same of the reference."""


def compare(
    reference: Mapping[str, Array], candidate: Mapping[str, Array], comparing: Comparing | None = None
) -> dict[str, OutputAgreement]:
    """Return the agreement of each output of *candidate* for one input.

    Raises `KeyError` for an output that *reference* lacks, and `ValueError` for one of another shape.
    """
    found = {
        name: measure(reference[name], output, comparing or Comparing(frozenset(BY_ROW)))
        for name, output in candidate.items()
    }
    return {name: worst_of(name, [measures]) for name, measures in found.items()}


def measure(reference: Array, candidate: Array, comparing: Comparing) -> InputMeasures:
    """Return the measures of *candidate* against *reference*, two arrays of the same shape."""
    if reference.shape != candidate.shape:
        raise ValueError(f"expected the shape {reference.shape}, got {candidate.shape}")
    flat = np.ascontiguousarray(reference).reshape(-1)
    return measure_blocks(lambda start, stop: flat[start:stop], candidate, comparing)


def measure_blocks(read: Read, candidate: Array, comparing: Comparing) -> InputMeasures:
    """Return the measures of *candidate* against the elements that *read* returns, in C order."""
    flat = np.ascontiguousarray(candidate).reshape(-1)
    width = candidate.shape[-1] if candidate.ndim else 1
    sums, rows = _Sums(), _Rows(comparing)
    for start, stop in _blocks(flat.size, width if comparing.rows else 1):
        expected, got = _double(read(start, stop)), _double(flat[start:stop])
        sums.add(expected, got, start)
        if comparing.rows and sums.is_comparable:
            rows.add(expected.reshape(-1, width), got.reshape(-1, width))
    if not sums.is_comparable:
        return sums.incomparable(candidate.shape)
    values = sums.values(comparing.peak) | rows.values()
    return InputMeasures(values, rows.kl_of_probabilities, rows.decisions, rows.agreeing, sums.max_abs == 0)


def compare_text(reference: Array, candidate: Array) -> InputMeasures:
    """Return the share of equal strings, which is the only measure of labels."""
    same = int(np.count_nonzero(reference == candidate))
    return InputMeasures(
        {"top1": same / max(1, candidate.size)},
        decisions=candidate.size,
        agreeing=same,
        identical=same == candidate.size,
    )


def worst_of(output: str, inputs: Iterable[InputMeasures]) -> OutputAgreement:
    """Return the agreement of *output* over all inputs, in the order of their numbers.

    Its rows are probabilities if those of the reference are for every input.
    """
    found = _divergences(list(inputs))
    bad = (_first([each.candidate_bad for each in found]), _first([each.reference_bad for each in found]))
    if bad != (None, None):
        return OutputAgreement(output, candidate_non_finite=bad[0], reference_non_finite=bad[1])
    names = list(found[0].values) if found else []
    worst: dict[str, int] = {name: _worst_input(name, found) for name in names}
    values = {name: found[worst[name]].values[name] for name in names}
    if decisions := sum(each.decisions for each in found):
        values["top1"] = sum(each.agreeing for each in found) / decisions
    return replace(
        OutputAgreement(output, identical=all(each.identical for each in found), worst=worst),
        **values,  # type: ignore[arg-type]  # the measures are fields
    )


def _divergences(found: list[InputMeasures]) -> list[InputMeasures]:
    """Return *found* with the divergence of probabilities where the reference gives nothing else."""
    if any(each.kl_of_probabilities is None for each in found):
        return found
    return [each._replace(values={**each.values, "kl": each.kl_of_probabilities}) for each in found]  # type: ignore[dict-item]


def _first(places: Iterable[tuple[tuple[int, ...], str] | None]) -> NonFinite | None:
    return next((NonFinite(number, *place) for number, place in enumerate(places) if place is not None), None)


def _worst_input(measure: Measure, found: Sequence[InputMeasures]) -> int:
    """Return the number of the first input at which *measure* is the worst."""
    values = [each.values[measure] for each in found]
    return values.index(max(values) if measure in DIFFERENCES else min(values))


class _Sums:
    """Sums over the elements of two outputs."""

    def __init__(self) -> None:
        self.expected = self.got = self.product = self.squares = 0.0
        self.count = 0
        self.max_abs = self.peak = 0.0
        self._bad: tuple[int, float, float] | None = None

    @property
    def is_comparable(self) -> bool:
        """True if each element that is not finite is the same on both sides."""
        return self._bad is None

    def add(self, expected: Array, got: Array, start: int) -> None:
        """Add a block of elements that begins at the index *start*."""
        finite = np.isfinite(expected) & np.isfinite(got)
        if not finite.all():
            self._note(expected, got, finite, start)
            expected, got = expected[finite], got[finite]
        if not expected.size:
            return
        difference = got - expected
        self.count += expected.size
        self.squares += _inner(difference, difference)
        self.expected += _inner(expected, expected)
        self.got += _inner(got, got)
        self.product += _inner(expected, got)
        self.max_abs = max(self.max_abs, float(np.abs(difference).max()))
        self.peak = max(self.peak, float(np.abs(expected).max()))

    def _note(self, expected: Array, got: Array, finite: Array, start: int) -> None:
        differs = ~finite & ~((expected == got) | (np.isnan(expected) & np.isnan(got)))
        if self._bad is None and differs.any():
            place = int(np.argmax(differs))
            self._bad = start + place, float(expected[place]), float(got[place])

    def incomparable(self, shape: tuple[int, ...]) -> InputMeasures:
        """Return the place of the first element that could not be compared, in an output of this *shape*."""
        assert self._bad is not None
        flat, expected, got = self._bad
        index = tuple(int(axis) for axis in np.unravel_index(flat, shape)) if shape else ()
        return InputMeasures(
            {},
            candidate_bad=None if math.isfinite(got) else (index, str(got)),
            reference_bad=None if math.isfinite(expected) else (index, str(expected)),
        )

    def values(self, peak: float | None) -> dict[Measure, float]:
        """Return the measures of elements; an output without elements agrees."""
        error = math.sqrt(self.squares / self.count) if self.count else 0.0
        signal = math.sqrt(self.expected / self.count) if self.count else 0.0
        norms = math.sqrt(self.expected) * math.sqrt(self.got)
        # Parallel outputs may be a few last digits beyond 1.
        cosine = min(1.0, max(-1.0, self.product / norms)) if norms else float(self.expected == self.got)
        return {
            "psnr": _decibels(self.peak if peak is None else peak, error),
            "snr": _decibels(signal, error),
            "cosine": 1.0 if error == 0 else cosine,
            "max_abs": self.max_abs,
            "relative_l2": _ratio(math.sqrt(self.squares), math.sqrt(self.expected)),
        }


class _Rows:
    """The decisions and distributions that rows, the last axis of an output, stand for."""

    def __init__(self, comparing: Comparing) -> None:
        self._comparing = comparing
        self._kl = self._kl_of_probabilities = 0.0
        self._count = 0
        self._are_probabilities = "kl" in comparing.rows
        self.decisions = self.agreeing = 0

    def add(self, expected: Array, got: Array) -> None:
        """Add rows."""
        if expected.size == 0:
            return
        self._count += len(expected)
        if "kl" in self._comparing.rows:
            self._add_divergence(expected, got)
        if "top1" in self._comparing.rows:
            self.decisions += len(expected)
            self.agreeing += int(np.count_nonzero(_agrees(expected, got, self._comparing.margin)))

    def _add_divergence(self, expected: Array, got: Array) -> None:
        self._kl += float(_divergence(_log_softmax(expected), _log_softmax(got)).sum())
        self._are_probabilities = self._are_probabilities and bool(_are_probabilities(expected).all())
        if self._are_probabilities:
            logs = _log_probabilities(expected), _log_probabilities(got)
            # What does not add up to 1 has no divergence, and agrees with no probabilities.
            self._kl_of_probabilities += float(np.where(_are_probabilities(got), _divergence(*logs), math.inf).sum())

    @property
    def kl_of_probabilities(self) -> float | None:
        """The mean divergence of rows of probabilities; None if the reference has other rows."""
        return self._kl_of_probabilities / max(1, self._count) if self._are_probabilities else None

    def values(self) -> dict[Measure, float]:
        """Return the measures that were asked for: the mean divergence, and the share of decisions that agree."""
        values: dict[Measure, float] = {}
        if "kl" in self._comparing.rows:
            values["kl"] = self._kl / self._count if self._count else 0.0
        if self.decisions:
            values["top1"] = self.agreeing / self.decisions
        return values


def _divergence(logs_expected: Array, logs_got: Array) -> Array:
    """Return the Kullback-Leibler divergence of each row, in nats, from logarithms of probabilities."""
    share = np.exp(logs_expected)
    with np.errstate(invalid="ignore"):
        terms = share * (logs_expected - logs_got)
    # What the reference excludes adds nothing, whatever the other side says of it.
    divergence: Array = np.where(share > 0, terms, 0.0).sum(axis=1)
    return divergence


def _log_softmax(logits: Array) -> Array:
    with np.errstate(divide="ignore", invalid="ignore"):
        below = logits - logits.max(axis=1, keepdims=True)
        logs: Array = below - np.log(np.exp(below).sum(axis=1, keepdims=True))
        return logs


def _are_probabilities(rows: Array) -> Array:
    """Return True for each row of two or more elements that are not negative and have the sum 1."""
    if rows.shape[1] < 2:
        return np.zeros(len(rows), bool)
    are: Array = (rows >= 0).all(axis=1) & (np.abs(rows.sum(axis=1) - 1) <= _SUM_TOLERANCE)
    return are


def _log_probabilities(rows: Array) -> Array:
    floored = np.maximum(rows, _MIN_PROBABILITY)
    logs: Array = np.log(floored / floored.sum(axis=1, keepdims=True))
    return logs


def _agrees(expected: Array, got: Array, margin: float) -> Array:
    """Return for each row True if both sides decide alike, or the reference itself is nearly undecided."""
    choice = got.argmax(axis=1)
    with np.errstate(invalid="ignore"):
        lead = expected.max(axis=1) - expected[np.arange(len(expected)), choice]
    # An equal value is the same choice, whichever of them `argmax` names.
    agrees: Array = (choice == expected.argmax(axis=1)) | (lead == 0) | (lead < margin)
    return agrees


def _inner(one: Array, two: Array) -> float:
    # The threads of `numpy.dot` wait for each other, on a busy machine ten times as long as the work takes.
    return float(np.einsum("i,i->", one, two))


def _decibels(signal: float, error: float) -> float:
    if error == 0:
        return math.inf
    return 20 * math.log10(signal / error) if signal else -math.inf


def _ratio(numerator: float, denominator: float) -> float:
    if numerator == 0:
        return 0.0
    return numerator / denominator if denominator else math.inf


def _blocks(size: int, width: int) -> Iterator[tuple[int, int]]:
    """Yield the bounds of blocks of whole rows."""
    step = max(1, _BLOCK // max(1, width)) * max(1, width)
    for start in range(0, size, step):
        yield start, min(start + step, size)


def _double(block: Array) -> Array:
    double: Array = block.astype(np.float64, copy=False)
    return double
