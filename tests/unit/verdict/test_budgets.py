"""Budgets are judged by measured figures alone."""

from __future__ import annotations

from dataclasses import fields, replace

import pytest

from pytest_coreml.facts.limits import Budget
from pytest_coreml.facts.measurement import LoadTimes, Measurement
from pytest_coreml.facts.reason import Cause, Reason
from pytest_coreml.report.text.causes import reason_text
from pytest_coreml.verdict.budgets import MeasuredFacts, awaits_partner, judge_budgets
from pytest_coreml.verdict.check import Check


def run_of(*native_ms: float, wait_ms: tuple[float, ...] | None = None, first_ms: float | None = None) -> Measurement:
    return Measurement(native_ms, native_ms, wait_ms, warmup=0, first_ms=first_ms)


def steady(ms: float, *, disturbed: int = 0) -> Measurement:
    """Return 100 calls of *ms*, the first *disturbed* of which waited half their time."""
    return run_of(*[ms] * 100, wait_ms=tuple([ms / 2] * disturbed + [0.0] * (100 - disturbed)))


def judge_one(budget: Budget, facts: MeasuredFacts) -> Check:
    (check,) = judge_budgets(budget, facts)
    return check


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("predict_ms", 2.0),
        ("predict_p90_ms", 2.8),
        ("predict_p95_ms", 2.9),
        ("predict_p99_ms", 2.98),
        ("first_predict_ms", 9.0),
    ],
)
def test_prediction_figures(name: str, expected: float) -> None:
    """Each prediction limit is compared with its own figure."""
    check = judge_one(Budget(**{name: 1.0}), MeasuredFacts("all", predict=run_of(1.0, 2.0, 3.0, first_ms=9.0)))

    assert check.check == name
    assert check.limit == 1.0
    assert check.value == pytest.approx(expected)
    assert check.verdict == "failed"


@pytest.mark.parametrize("name", ["load_ms", "first_load_ms", "compile_ms"])
def test_load_figures_are_medians(name: str) -> None:
    """A load limit is compared with the median of its samples."""
    check = judge_one(Budget(**{name: 20.0}), MeasuredFacts("all", load=LoadTimes(**{name: (10.0, 20.0, 900.0)})))

    assert check == Check(name, 20.0, 20.0, "passed")


@pytest.mark.parametrize("name", ["size_mb", "memory_mb"])
@pytest.mark.parametrize(("value", "verdict"), [(5.0, "passed"), (5.000001, "failed")])
def test_size_and_memory_are_exact(name: str, value: float, verdict: str) -> None:
    """Size and memory are compared as they are; equal keeps the limit."""
    assert judge_one(Budget(**{name: 5.0}), MeasuredFacts("all", **{name: value})) == Check(name, 5.0, value, verdict)


@pytest.mark.parametrize(("limit", "verdict"), [(100.0, "passed"), (100.1, "failed")])
def test_frames_a_second(limit: float, verdict: str) -> None:
    """`min_fps` is the inverse of the median."""
    assert judge_one(Budget(min_fps=limit), MeasuredFacts("all", predict=steady(10.0))) == Check(
        "min_fps", limit, 100.0, verdict
    )


def test_one_check_for_each_limit() -> None:
    """Only the limits that are set are judged."""
    checks = judge_budgets(
        Budget(predict_ms=10, size_mb=1, min_fps=1), MeasuredFacts("all", predict=steady(1.0), size_mb=2)
    )

    assert {check.check: check.verdict for check in checks} == {
        "predict_ms": "passed",
        "size_mb": "failed",
        "min_fps": "passed",
    }


def test_disturbed_and_over_the_limit_is_inconclusive() -> None:
    """A value that other processes may have caused does not fail, and the reason has share and fix."""
    check = judge_one(Budget(predict_ms=5), MeasuredFacts("all", predict=steady(6.0, disturbed=95)))

    assert check.verdict == "inconclusive"
    assert reason_text(check.reason) == (
        "other processes held the CPU during 95 of 100 calls; "
        "close other programs, or use fewer threads than cores, and run again"
    )


def test_disturbed_and_within_the_limit_passes() -> None:
    """Other processes only make it slower, so a limit that is kept in spite of them is kept."""
    assert judge_one(Budget(predict_ms=6), MeasuredFacts("all", predict=steady(6.0, disturbed=95))).verdict == "passed"


@pytest.mark.parametrize(("limit", "verdict"), [(1.0, "inconclusive"), (3.0, "passed")])
def test_a_miss_on_efficiency_cores_is_inconclusive(limit: float, verdict: str) -> None:
    """A limit that is kept there is kept."""
    slow = replace(steady(2.0), efficiency_share=0.5)

    assert judge_one(Budget(predict_ms=limit), MeasuredFacts("all", predict=slow)).verdict == verdict


def test_disturbed_calls_do_not_count() -> None:
    """With enough undisturbed calls, the figure is made of those."""
    slow_when_disturbed = run_of(*[9.0] * 60, *[5.0] * 40, wait_ms=(4.0,) * 60 + (0.0,) * 40)

    assert judge_one(Budget(predict_ms=5), MeasuredFacts("all", predict=slow_when_disturbed)) == Check(
        "predict_ms", 5, 5.0, "passed"
    )


def test_without_a_reading_of_wait_all_calls_are_judged() -> None:
    """Where the platform does not report wait time, a miss is a failure."""
    assert judge_one(Budget(predict_ms=5), MeasuredFacts("all", predict=run_of(6.0, 6.0, 6.0))).verdict == "failed"


@pytest.mark.parametrize("limit", [5, 50])
def test_a_thermal_change_makes_times_inconclusive(limit: float) -> None:
    """Times that were taken while the machine became warmer are neither kept nor missed; sizes are judged."""
    warmer = ("nominal", "heavy")
    load = LoadTimes(load_ms=(9.0,), thermal=warmer)
    facts = MeasuredFacts("all", predict=replace(steady(6.0), thermal=warmer), load=load, size_mb=9.0)
    checks = judge_budgets(Budget(predict_ms=limit, load_ms=limit, size_mb=5), facts)

    assert [check.verdict for check in checks] == ["inconclusive", "inconclusive", "failed"]
    assert "changed from nominal to heavy" in str(reason_text(checks[0].reason))


def test_a_thermal_change_of_the_partner_counts_too() -> None:
    """A speed-up is of two measurements."""
    facts = MeasuredFacts(
        "all", predict=steady(1.0), partners={"cpuOnly": replace(steady(6.0), thermal=("nominal", "moderate"))}
    )

    assert judge_one(Budget(min_speedup={"cpuOnly": 2}), facts).verdict == "inconclusive"


def test_a_steady_thermal_state_is_no_doubt() -> None:
    """A machine that is warm before and after is judged."""
    facts = MeasuredFacts("all", predict=replace(steady(6.0), thermal=("heavy", "heavy")))

    assert judge_one(Budget(predict_ms=7), facts).verdict == "passed"


def test_a_foreign_clock_judges_no_time() -> None:
    """Times of a stand-in are not judged, for the reason given; sizes are."""
    facts = MeasuredFacts(
        "all", predict=steady(1.0), load=LoadTimes(load_ms=(1.0,)), size_mb=1.0, clock="no Core ML here"
    )
    budget = Budget(predict_ms=5, load_ms=5, size_mb=5, min_fps=1, min_speedup={"cpuOnly": 1.0})
    checks = {check.check: check for check in judge_budgets(budget, facts)}

    assert checks.pop("size_mb").verdict == "passed"
    assert {(check.verdict, reason_text(check.reason)) for check in checks.values()} == {
        ("not_judged", "no Core ML here")
    }
    assert len(checks) == 4


def test_a_speedup_over_a_device_that_the_machine_lacks_is_not_judged() -> None:
    """A run there did not use the Neural Engine, so that the ratio says nothing about it."""
    lacking = {"cpuAndNeuralEngine": Reason(Cause.NO_DEVICE, "neuralEngine")}
    partners = {"cpuAndNeuralEngine": steady(9.0), "all": steady(9.0)}
    facts = MeasuredFacts("cpuOnly", predict=steady(1.0), partners=partners, lacking=lacking)
    budget = Budget(min_speedup={"cpuAndNeuralEngine": 2.0, "all": 2.0})

    assert [(check.verdict, check.cause) for check in judge_budgets(budget, facts)] == [
        ("not_judged", Cause.NO_DEVICE),
        ("passed", None),
    ]


@pytest.mark.parametrize(
    "budget",
    [
        Budget(**{f.name: 1.0})
        for f in fields(Budget)
        if f.name not in ("scenario", "compute_units", "min_speedup", "max_size_ratio", "max_time_ratio")
    ]
    + [Budget(min_speedup={"cpuOnly": 1.0})],
    ids=lambda budget: next(f.name for f in fields(budget) if getattr(budget, f.name)),
)
def test_nothing_measured_is_not_judged(budget: Budget) -> None:
    """A limit on something that was not measured is never green."""
    check = judge_one(budget, MeasuredFacts("all"))

    assert check.verdict == "not_judged"
    assert reason_text(check.reason) == "nothing was measured"


def test_the_limits_of_a_scenario_are_for_that_scenario_only() -> None:
    """Neither those of a model nor those of another scenario are meant by it."""
    budget = Budget(predict_ms=10, scenario="chunk")

    checks = {
        name: judge_budgets(budget, MeasuredFacts("all", predict=steady(5.0), scenario=name))
        for name in (None, "chunk", "other")
    }

    assert [check.verdict for check in checks["chunk"]] == ["passed"]
    assert checks[None] == checks["other"] == []
    assert judge_budgets(Budget(predict_ms=10), MeasuredFacts("all", predict=steady(5.0), scenario="chunk")) == []


@pytest.mark.parametrize(("limit", "verdict"), [(2.0, "passed"), (2.1, "failed")])
def test_speedup(limit: float, verdict: str) -> None:
    """A speed-up is the other setting's median over ours."""
    facts = MeasuredFacts("all", predict=steady(5.0), partners={"cpuOnly": steady(10.0)})

    assert judge_one(Budget(min_speedup={"cpuOnly": limit}), facts) == Check(
        "min_speedup[cpuOnly]", limit, 2.0, verdict
    )


@pytest.mark.parametrize(
    ("own", "partner", "verdict"),
    [
        (steady(5.0, disturbed=95), steady(10.0), "passed"),
        (steady(5.0), steady(10.0, disturbed=95), "inconclusive"),
        (steady(9.0, disturbed=95), steady(10.0), "inconclusive"),
        (steady(9.0), steady(10.0, disturbed=95), "failed"),
    ],
    ids=["we-kept", "partner-helps", "we-hurt", "partner-missed"],
)
def test_speedup_when_disturbed(own: Measurement, partner: Measurement, verdict: str) -> None:
    """A disturbed run decides nothing that its slowness could have caused."""
    facts = MeasuredFacts("all", predict=own, partners={"cpuOnly": partner})

    assert judge_one(Budget(min_speedup={"cpuOnly": 2.0}), facts).verdict == verdict


def test_speedup_against_a_setting_not_measured() -> None:
    """A partner that is missing from the run is named with the fix."""
    check = judge_one(Budget(min_speedup={"cpuOnly": 2.0}), MeasuredFacts("all", predict=steady(5.0)))

    assert check.verdict == "not_judged"
    assert (
        reason_text(check.reason)
        == "cpuOnly was not measured in this run; add 'cpuOnly' to this test's coreml_compute_units marker"
    )


def test_speedup_against_a_setting_that_was_not_selected() -> None:
    """After a run of one parametrized test the text says to run all, and not to add a marker that is there."""
    facts = MeasuredFacts("all", predict=steady(5.0), reached=("cpuOnly", "all"))

    check = judge_one(Budget(min_speedup={"cpuOnly": 2.0}), facts)

    assert (
        reason_text(check.reason) == "cpuOnly was not run in this run; run the whole test, which also runs on cpuOnly"
    )
    assert awaits_partner(check) == "cpuOnly"


def test_speedup_against_itself_is_no_question() -> None:
    """The record of the other setting itself has no speed-up to judge."""
    assert judge_budgets(Budget(min_speedup={"cpuOnly": 2.0}), MeasuredFacts("cpuOnly", predict=steady(5.0))) == []


@pytest.mark.parametrize(("units", "count"), [("all", 1), ("cpuOnly", 0)])
def test_budget_for_other_compute_units(units: str, count: int) -> None:
    """A budget for some settings says nothing of the others."""
    assert len(judge_budgets(Budget(size_mb=1, compute_units=("all",)), MeasuredFacts(units, size_mb=1.0))) == count
