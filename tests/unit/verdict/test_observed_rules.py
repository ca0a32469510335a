"""A device is observed by a counter that moved, and not observed only by one that is known to work."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from pytest_coreml.facts.compute_units import DEVICES
from pytest_coreml.facts.limits import PlacementRule
from pytest_coreml.facts.observed import Counter, DeviceObserved, Observation, Observed, unobserved
from pytest_coreml.facts.placement import Operation, Placement
from pytest_coreml.facts.reason import Cause, Reason
from pytest_coreml.report.text.causes import reason_text
from pytest_coreml.verdict.observed_rules import devices_to_observe, judge_counters, judge_observed

if TYPE_CHECKING:
    from pytest_coreml.verdict.check import Check

MEMORY = Counter("memory", "neuralEngine", "process", "memory", "bytes", 16384, idle=0, section=0)
TRAFFIC = Counter("traffic", "neuralEngine", "system", "activity", "bytes/s", 1e6, idle=0, section=0)
CLIENTS = Counter("clients", "neuralEngine", "process", "connection", "clients", 1, idle=0, section=1)
GPU = Counter("GPU time", "gpu", "process", "activity", "ns/s", 1e6, idle=0, section=0)
NOTHING: frozenset[str] = frozenset()


def result(*counters: Counter, control: tuple[Counter, ...] = (), moved: frozenset[str] = NOTHING) -> DeviceObserved:
    """Return the result for the device of the first counter."""
    judged = judge_counters(Observation(counters), Observation(control) if control else None, moved)
    return judged.result(counters[0].device)


def moved(counter: Counter, section: float = 1e9) -> Counter:
    """Return *counter* after a section in which it moved."""
    return replace(counter, section=section)


@pytest.mark.parametrize(
    ("idle", "control", "section", "status"),
    [
        (0, 0, 1e6, "observed"),
        (1e6, 0, 1e7, "observed"),
        (1e6, 0, 0.99e7, "unavailable"),
        (0, 1e6, 0.99e7, "unavailable"),
        (0, 1e6, 1e7, "observed"),
        (0, 0, 0.99e6, "not_observed"),
        (None, None, 0.0, "not_observed"),
        (0, 0, None, "unavailable"),
    ],
    ids=["floor", "10 x idle", "9.9 x idle", "9.9 x control", "10 x control", "below floor", "no rest", "no reading"],
)
def test_the_size_of_a_movement(idle: float, control: float, section: float | None, status: str) -> None:
    """Ten times the larger of idle and control, and at least the floor; the counter has moved elsewhere in the run."""
    own = replace(GPU, idle=idle, section=section)

    found = result(own, control=(replace(GPU, section=control),), moved=frozenset({GPU.name}))

    assert found.status == status


def test_a_counter_that_never_moved_in_the_run_proves_nothing() -> None:
    """It may not work on this machine, and the reason says so."""
    found = result(GPU)

    assert (found.status, found.cause) == ("unavailable", Cause.NEVER_MOVED)
    assert "may not work on this machine" in (reason_text(found.reason) or "")


def test_a_counter_of_the_whole_machine_needs_idle_and_control() -> None:
    """Without both, another process may be what moved it."""
    still = (replace(TRAFFIC, section=0),)

    assert result(moved(TRAFFIC)).status == "unavailable"
    assert result(replace(moved(TRAFFIC), idle=None), control=still).status == "unavailable"
    found = result(moved(TRAFFIC), control=still)
    assert (found.status, found.scope) == ("observed", "system")


def test_a_counter_of_the_process_makes_the_claim_about_the_process() -> None:
    """Memory of the process, with traffic of the machine or without."""
    assert result(moved(MEMORY)) == DeviceObserved("neuralEngine", "observed", "process")
    assert result(moved(MEMORY), moved(TRAFFIC), control=(MEMORY, TRAFFIC)).scope == "process"


def test_memory_without_activity_is_a_contradiction() -> None:
    """A model that was loaded for the Neural Engine, and computed elsewhere: nothing is claimed."""
    found = result(moved(MEMORY), TRAFFIC, control=(MEMORY, TRAFFIC), moved=frozenset({TRAFFIC.name}))

    assert (found.status, found.cause) == ("unavailable", Cause.COUNTERS_CONTRADICT)


def test_a_connection_decides_nothing() -> None:
    """Neither does a driver that was opened show work, nor one that was not show none."""
    assert result(CLIENTS).cause is Cause.COUNTERS_UNREADABLE
    assert result(MEMORY, CLIENTS, moved=frozenset({MEMORY.name})).status == "not_observed"


def test_without_counters_the_reason_has_what_went_wrong() -> None:
    """The notes of the readers are in the sentence."""
    found = judge_counters(Observation(notes=("GPU time: ioreg did not end within 2 s",)), None, NOTHING).result("gpu")

    assert found.status == "unavailable"
    assert reason_text(found.reason) == "no counter of it can be read here: GPU time: ioreg did not end within 2 s"


PLAN = Placement(
    (Operation("y", "conv", "neuralEngine", (), 0.98, "main"), Operation("z", "add", "cpu", (), 0.02, "main"))
)
ACTIVE = DeviceObserved("neuralEngine", "observed", "process")
BY_ANY = DeviceObserved("neuralEngine", "observed", "system")
INACTIVE = DeviceObserved("neuralEngine", "not_observed")
UNCLEAR = DeviceObserved("neuralEngine", "unavailable", reason=Reason(Cause.COUNTERS_UNCLEAR, ("traffic",)))
UNKNOWN = DeviceObserved("neuralEngine", "unavailable", reason=Reason(Cause.NEVER_MOVED, ("traffic",)))


def judged(expected: bool, found: DeviceObserved, units: str = "all", **more: object) -> Check:
    """Return the check of a rule about the Neural Engine."""
    rule, devices = PlacementRule(observed={"neuralEngine": expected}), more.pop("devices", DEVICES)
    (check,) = judge_observed(rule, Observed(devices=(found,)), PLAN, units, devices)
    return check


@pytest.mark.parametrize(
    ("expected", "found", "verdict"),
    [
        (True, ACTIVE, "passed"),
        (True, BY_ANY, "passed"),
        (True, INACTIVE, "failed"),
        (True, UNCLEAR, "inconclusive"),
        (True, UNKNOWN, "not_judged"),
        (False, ACTIVE, "failed"),
        (False, BY_ANY, "inconclusive"),
        (False, INACTIVE, "passed"),
        (False, UNCLEAR, "inconclusive"),
        (False, UNKNOWN, "not_judged"),
    ],
)
def test_the_verdict_of_a_rule(expected: bool, found: DeviceObserved, verdict: str) -> None:
    """A counter that another process may have moved fails nothing, and an unknown one is not judged."""
    check = judged(expected, found)

    assert (check.check, check.limit, check.verdict) == ("observed[neuralEngine]", float(expected), verdict)


def test_a_failure_says_what_was_planned() -> None:
    """The finding that users want most."""
    assert reason_text(judged(True, INACTIVE).reason) == "planned 98.0 % Neural Engine, observed: no activity"
    assert reason_text(judged(False, ACTIVE).reason) == "planned 98.0 % Neural Engine, observed: active"


def test_compute_units_and_machine_decide_without_counters() -> None:
    """A device that cannot be used needs none; without Core ML nothing is judged."""
    assert judged(False, UNKNOWN, "cpuAndGPU").cause is Cause.HOLDS_BY_CONFIGURATION
    assert judged(True, UNKNOWN, "cpuAndGPU").verdict == "failed"
    assert judged(True, ACTIVE, devices=("cpu",)).verdict == "not_judged"
    rule = PlacementRule(observed={"gpu": False})
    (check,) = judge_observed(rule, unobserved(Cause.NO_CORE_ML), None, "cpuOnly", None)
    assert (check.verdict, check.cause) == ("not_judged", Cause.NO_CORE_ML)


def test_counters_are_wanted_for_permitted_devices_only() -> None:
    """Of rules for these compute units."""
    rules = [
        PlacementRule(observed={"neuralEngine": True, "gpu": False}),
        PlacementRule(observed={"gpu": True}, compute_units=("cpuAndGPU",)),
    ]

    assert devices_to_observe(rules, "all") == ("neuralEngine", "gpu")
    assert devices_to_observe(rules, "cpuAndNeuralEngine") == ("neuralEngine",)
    assert devices_to_observe(rules[1:], "all") == ()
