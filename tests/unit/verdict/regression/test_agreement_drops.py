"""Outputs that agree less with their reference than in the baseline."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from pytest_coreml.facts.agreement import Agreement, Comparing, NonFinite, OutputAgreement
from pytest_coreml.verdict.output_measures import measure, worst_of
from pytest_coreml.verdict.regression.agreement_drops import AgreementDrop, find_drops

NAN = NonFinite(3, (0, 1), "nan")


def agreement(output: OutputAgreement, reference: str = "cpuOnly", inputs: int = 5) -> tuple[Agreement, ...]:
    return (Agreement(reference, inputs, (output,)),)


def measured(noise: float) -> OutputAgreement:
    """Return the measures of logits with a difference of *noise* beside logits of about 1."""
    random = np.random.default_rng(0)
    logits = random.standard_normal((4, 100))
    found = measure(logits, logits + noise * random.standard_normal(logits.shape), Comparing(frozenset(("kl",))))
    return worst_of("logits", [found])


@pytest.mark.parametrize(("growth", "listed"), [(0.5, False), (1.0, False), (1.2, False), (1.3, True), (10.0, True)])
def test_each_measure_tells_the_growth_of_the_same_difference(growth: float, listed: bool) -> None:
    """A difference that is a quarter greater is listed by every measure, be it in dB, a square or a share."""
    drops = find_drops(agreement(measured(0.01)), agreement(measured(0.01 * growth)))

    named = [set(drop.measures) for drop in drops]
    assert named == ([{"psnr", "snr", "cosine", "max_abs", "relative_l2", "kl"}] if listed else [])


@pytest.mark.parametrize(
    ("before", "now", "listed"),
    [(1.0, 0.99, True), (0.9, 0.87, True), (0.9, 0.88, False), (0.9, 0.95, False), (1.0, 1.0, False)],
)
def test_decisions_are_compared_by_those_that_are_wrong(before: float, now: float, listed: bool) -> None:
    """12 of 100 wrong decisions are not a quarter more than 10; one is more than none."""
    drops = find_drops(agreement(OutputAgreement("label", top1=before)), agreement(OutputAgreement("label", top1=now)))

    assert [drop.measures for drop in drops] == ([{"top1": (before, now)}] if listed else [])


def test_outputs_that_were_equal_are_compared_too() -> None:
    """A report contains no measures of equal outputs; rounding of single precision is not a drop."""
    equal = OutputAgreement("logits", identical=True)

    assert find_drops(agreement(equal), agreement(equal)) == ()
    assert find_drops(agreement(equal), agreement(measured(1e-9))) == ()
    (drop,) = find_drops(agreement(equal), agreement(measured(1e-3)))
    assert drop.measures["psnr"][0] == math.inf
    assert drop.measures["relative_l2"][0] == 0.0


def test_an_output_that_cannot_be_compared_any_more_is_a_drop() -> None:
    """That it could not be compared before either is none."""
    good, bad = measured(0.01), replace(OutputAgreement("logits"), candidate_non_finite=NAN)

    assert find_drops(agreement(good), agreement(bad)) == (AgreementDrop("cpuOnly", "logits", {}, NAN),)
    assert find_drops(agreement(bad), agreement(bad)) == ()
    assert find_drops(agreement(bad), agreement(good)) == ()


def test_only_the_same_is_compared() -> None:
    """Another reference, other inputs or another output say nothing about the model."""
    before, now = measured(0.001), measured(0.1)

    assert find_drops(agreement(before), agreement(now, "original")) == ()
    assert find_drops(agreement(before), agreement(now, inputs=6)) == ()
    assert find_drops(agreement(before), agreement(replace(now, output="other"))) == ()
    assert find_drops((), agreement(now)) == ()
    # Two markers with the same reference, in their order.
    both = (*agreement(before), *agreement(now))
    assert find_drops(both, both) == ()
