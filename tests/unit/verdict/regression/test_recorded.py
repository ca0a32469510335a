"""The promises of the gate hold on latency traces that were recorded on a real machine.

Three convolutional networks (2 to 16 ms) on the reference runtime, eight runs each alone and eight beside processes
that kept both cores busy, made by `benchmarks/gate_traces.py` on a Linux virtual machine, 2026-11-27.
"""

from __future__ import annotations

import json
import random
import statistics
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest

from pytest_coreml.facts.measurement import Measurement
from pytest_coreml.verdict.regression.prediction_time import judge_regression

TRIALS = 60
Change = Callable[[int], float]


@cache
def recorded() -> dict[str, dict[str, list[list[list[float]]]]]:
    return json.loads(Path(__file__).with_name("recorded_traces.json").read_text())


def measurement(run: list[list[float]], change: Change) -> Measurement:
    """Return a run in which call *i* takes *change(i)* times as long."""
    time, wait = (tuple(value * change(i) for i, value in enumerate(values)) for values in run)
    return Measurement(time, time, wait, warmup=20)


def same(_: int) -> float:
    return 1.0


def share(verdict: str, baseline: str, current: str, change: Change = same) -> float:
    """Return the share of trials with *verdict*: three runs against three others."""
    rng = random.Random(3)
    hits = 0
    for _ in range(TRIALS):
        for runs in recorded().values():
            if baseline == current:
                drawn = rng.sample(runs[baseline], 6)
            else:
                drawn = rng.sample(runs[baseline], 3) + rng.sample(runs[current], 3)
            before = [measurement(run, same) for run in drawn[:3]]
            hits += judge_regression(before, [measurement(run, change) for run in drawn[3:]]).verdict == verdict
    return hits / (TRIALS * len(recorded()))


CONDITIONS = [("calm", "calm"), ("busy", "busy"), ("calm", "busy"), ("busy", "calm")]


@pytest.mark.parametrize(("baseline", "current"), CONDITIONS)
def test_false_alarms(baseline: str, current: str) -> None:
    """The same model fails in 1 % at most, calm, busy, or changed in between, and so does a faster one."""
    assert share("failed", baseline, current) <= 0.01
    assert share("failed", baseline, current, lambda _: 0.9) <= 0.01


@pytest.mark.parametrize(("baseline", "current"), CONDITIONS)
def test_a_tenth_slower_is_hardly_ever_called_fine(baseline: str, current: str) -> None:
    """Under any noise a slowdown of 10 % is called ok in 2 % at most."""
    assert share("passed", baseline, current, lambda _: 1.1) <= 0.02


def test_a_tenth_slower_is_found_on_a_calm_machine() -> None:
    """A model that takes a tenth longer fails in 95 % at least."""
    assert share("failed", "calm", "calm", lambda _: 1.1) >= 0.95


def test_every_tenth_call_twice_as_slow_is_found_on_a_calm_machine() -> None:
    """A tail that grew fails in 95 % at least."""
    assert share("failed", "calm", "calm", lambda i: 2.0 if i % 10 == 9 else 1.0) >= 0.95


def test_the_machine_was_busy() -> None:
    """The conditions are what they are called: calm runs lost hardly a call, and every busy one did."""
    runs = {
        part: [measurement(run, same) for each in recorded().values() for run in each[part]]
        for part in ("calm", "busy")
    }

    assert min(run.undisturbed for run in runs["calm"]) >= 80
    assert max(run.undisturbed for run in runs["busy"]) < 100
    assert statistics.median(run.undisturbed for run in runs["busy"]) <= 80
