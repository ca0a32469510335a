"""Sums of events, and tracks that are put together."""

from __future__ import annotations

from pytest_coreml.facts.placement import Operation, Placement
from pytest_coreml.facts.planned_operations import planned_operations, why_not_planned
from pytest_coreml.facts.timeline import Event, Timeline, Total, Track, TrackKey, set_apart

KEY = TrackKey("Net.mlpackage", "ab", "all")


def test_totals_are_by_lane_and_kind_without_steps() -> None:
    """A step contains what is counted already; an event of several calls counts as these; what was left out counts."""
    events = [
        Event("activity", "measure", 0, 100),
        Event("activity", "predict", 0, 40),
        Event("activity", "predict", 50, 20, {"calls": 3}),
        Event("data", "inputs", 40, 5, {"bytes": 16}),
    ]
    track = Track(KEY, events, {("data", "inputs"): Total(2, 10, 32)})

    assert track.totals() == {("activity", "predict"): Total(4, 60), ("data", "inputs"): Total(3, 15, 48)}


def test_tracks_of_one_configuration_are_merged() -> None:
    """Events, sums and notes of two workers become those of one track; another configuration stays apart."""
    other = TrackKey("Net.mlpackage", "ab", "cpuOnly")
    timeline = Timeline()

    timeline.add([Track(KEY, [Event("activity", "load", 0, 1)], {("data", "inputs"): Total(1, 2, 3)}, ["so"])])
    timeline.add([Track(KEY, [Event("activity", "load", 5, 1)], {("data", "inputs"): Total(1, 2, 3)}, ["so"])])
    timeline.add([Track(other)])

    first, second = timeline.tracks
    assert first.totals() == {("activity", "load"): Total(2, 2), ("data", "inputs"): Total(2, 4, 6)}
    assert first.notes == ["so"]
    assert second.key == other


def test_machines_have_clocks_of_their_own() -> None:
    """Tracks of one machine among several begin at 0, keep their distances, and are named by the machine."""
    tracks = [Track(KEY, [Event("activity", "load", 900, 1)]), Track(KEY, [Event("activity", "load", 950, 1)])]

    apart = set_apart(tracks, "gw1: M4")

    assert [event.start_ns for track in apart for event in track.events] == [0, 50]
    assert apart[0].key.label == "Net.mlpackage on all, on gw1: M4"
    assert tracks[0].events[0].start_ns == 900


def test_planned_operations_divide_a_prediction_by_cost() -> None:
    """Each operation has its share of the prediction, one after the other, and is marked as estimated."""
    placement = Placement(
        (
            Operation("a", "conv", "neuralEngine", ("cpu", "neuralEngine"), 0.75, "main"),
            Operation("b", "relu", "cpu", ("cpu",), 0.25, "main"),
        )
    )

    events = list(planned_operations(placement, 1000, 400))

    assert events == [
        Event("compute", "conv", 1000, 300, {"operation": "a", "device": "neuralEngine", "estimated": True}),
        Event("compute", "relu", 1300, 100, {"operation": "b", "device": "cpu", "estimated": True}),
    ]
    assert why_not_planned(placement) is None
    assert Track(KEY, events).totals()["compute", "conv"].estimated


def test_a_plan_without_costs_has_no_times_but_a_reason() -> None:
    """Equal shares would be invented: there are no events, and the reason is told."""
    without = Placement((Operation("a", "conv", "cpu", ("cpu",), None, "main"),))

    assert list(planned_operations(without, 0, 400)) == []
    assert why_not_planned(without) == "no estimated times of operations: the plan has no cost for some operations"
    assert why_not_planned(Placement((), "no plan here")) == "no estimated times of operations: no plan here"
