"""Results that look too good to be true are noted, with the evidence."""

from __future__ import annotations

import pytest

from pytest_coreml.facts.measurement import LoadTimes
from pytest_coreml.facts.placement import Operation, Placement
from pytest_coreml.facts.reason import FastLoad
from pytest_coreml.verdict.suspicion import fast_load


def planned(share: float) -> Placement:
    """Make a plan with this share of the cost on the Neural Engine."""
    return Placement(
        (
            Operation("x", "conv", "neuralEngine", ("cpu", "neuralEngine"), share, "main"),
            Operation("y", "relu", "cpu", ("cpu",), 1 - share, "main"),
        )
    )


FAST = LoadTimes((30.0,), (400.0,), (5.0, 6.0, 90.0))


def test_a_load_faster_than_one_for_the_neural_engine_is_told() -> None:
    """With the median of the loads, and the share that the plan has there."""
    found = fast_load(FAST, planned(0.75), "cpuAndNeuralEngine")

    assert found is not None
    assert found.details == FastLoad(6.0, 0.75, 15.0)


def test_loads_of_fresh_processes_count_before_others() -> None:
    """They are those of an app that starts."""
    load = LoadTimes((30.0,), (400.0,), (5.0,), fresh_load_ms=(40.0,))

    assert fast_load(load, planned(0.75), "all") is None


@pytest.mark.parametrize(
    ("load", "placement", "units"),
    [
        pytest.param(LoadTimes((30.0,), (400.0,), (20.0,)), planned(0.9), "all", id="as long as it should take"),
        pytest.param(FAST, planned(0.4), "all", id="mostly elsewhere"),
        pytest.param(FAST, planned(0.9), "cpuAndGPU", id="units without it"),
        pytest.param(FAST, Placement((), "no plan"), "all", id="unknown plan"),
        pytest.param(FAST, None, "all", id="no plan"),
        pytest.param(None, planned(0.9), "all", id="no load"),
        pytest.param(LoadTimes(), planned(0.9), "all", id="no times"),
    ],
)
def test_other_loads_are_not_told(load, placement, units) -> None:
    """Nothing is remarked without evidence."""
    assert fast_load(load, placement, units) is None
