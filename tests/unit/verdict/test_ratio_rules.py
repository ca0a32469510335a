"""A variant is judged by the ratio of interleaved calls, by its files, and never by times of different runs."""

from __future__ import annotations

from dataclasses import replace

import pytest
from report_examples import SPEC

from pytest_coreml.facts.limits import Budget
from pytest_coreml.facts.measurement import Pairs
from pytest_coreml.facts.reason import Cause
from pytest_coreml.verdict.budgets import MeasuredFacts, judge_budgets
from pytest_coreml.verdict.ratio_rules import compare_specs, judge_time_ratio, paired_times, wants_another_run

ORIGINAL = replace(SPEC, size_bytes=1_000_000, operations={"conv": 2, "relu": 1, "const": 1})
VARIANT = replace(SPEC, sha256="f" * 64, size_bytes=250_000, operations={"conv": 2, "constexpr_lut_to_dense": 2})


def pairs(ratio, count=100, spread=0.02):
    """Return pairs whose median ratio is *ratio*, and whose others lie evenly around it."""
    original = [1.0 + index % 7 for index in range(count)]
    factors = [1 + spread * ((index * 37 % count) / (count - 1) - 0.5) for index in range(count)]
    return Pairs(tuple(ratio * one * factor for one, factor in zip(original, factors, strict=True)), tuple(original))


def test_sizes_and_operations_are_compared_by_the_files():
    """The text names the bytes, and the operations that were gained and lost."""
    found = compare_specs(VARIANT, ORIGINAL)

    assert (found.size_mb, found.size_ratio) == (0.25, 0.25)
    assert found.gained == {"constexpr_lut_to_dense": 2}
    assert found.lost == {"const": 1, "relu": 1}


def test_a_ratio_is_that_of_neighbours():
    """The medians of both would say 1 to 1 of times that rise and fall together."""
    times = paired_times([pairs(1.5)])

    assert times.ratio == pytest.approx(1.5, rel=0.001)
    assert times.pairs == 100


@pytest.mark.parametrize(
    ("ratios", "limit", "verdict"),
    [
        ([1.0], 1.0, "passed"),
        ([0.7], 0.8, "passed"),
        ([0.9, 0.9], 0.8, "failed"),
        ([1.3, 1.3], 1.2, "failed"),
        # one process may be unlucky
        ([1.3, 1.1], 1.2, "passed"),
        ([1.3], 1.2, "inconclusive"),
    ],
)
def test_two_processes_fail_a_limit_and_one_clears_it(ratios, limit, verdict):
    """Also a limit below 1, which asks for a faster variant."""
    assert judge_time_ratio(limit, [pairs(ratio) for ratio in ratios]).verdict == verdict


def test_a_median_beyond_the_limit_may_be_luck():
    """Its lower bound keeps the limit."""
    check = judge_time_ratio(1.0, [pairs(1.01, spread=0.8)] * 3)

    assert (check.verdict, check.cause) == ("inconclusive", Cause.TOO_NOISY)


def test_few_pairs_decide_nothing():
    """Any order gives the same result."""
    check = judge_time_ratio(1.0, [pairs(0.5, count=10)] * 3)

    assert (check.verdict, check.cause) == ("inconclusive", Cause.TOO_FEW_PAIRS)


def test_another_process_is_asked_until_it_is_settled():
    """A pass is final; a failure is confirmed."""
    assert not wants_another_run([pairs(1.0)], 1.1)
    assert wants_another_run([pairs(1.3)], 1.1)
    assert not wants_another_run([pairs(1.3), pairs(1.3)], 1.1)


def checks(**facts):
    """Judge both limits."""
    return {
        check.check: (check.verdict, check.cause)
        for check in judge_budgets(
            Budget(max_size_ratio=0.3, max_time_ratio=1.1), MeasuredFacts("all", is_original=False, **facts)
        )
    }


def test_a_variant_is_judged_by_both():
    """A value equal to its limit keeps it."""
    found = compare_specs(VARIANT, ORIGINAL)

    assert checks(against_original=found, pairs=[pairs(1.0)]) == {
        "max_size_ratio": ("passed", None),
        "max_time_ratio": ("passed", None),
    }
    assert checks(against_original=replace(found, size_ratio=0.31), pairs=[pairs(1.0)])["max_size_ratio"][0] == "failed"


def test_a_model_without_an_original_passes_nothing():
    """The test names no variants."""
    assert checks() == {
        "max_size_ratio": ("not_judged", Cause.NO_VARIANT),
        "max_time_ratio": ("not_judged", Cause.NO_VARIANT),
    }


def test_the_clock_of_another_runtime_judges_sizes_only():
    """As on Linux."""
    found = compare_specs(VARIANT, ORIGINAL)

    verdicts = checks(against_original=found, pairs=[pairs(1.0)], clock="no Core ML here")

    assert [verdict for verdict, _ in verdicts.values()] == ["passed", "not_judged"]


def test_the_original_is_not_judged():
    """It would keep every limit."""
    assert judge_budgets(Budget(max_size_ratio=0.3), MeasuredFacts("all", is_original=True)) == []
