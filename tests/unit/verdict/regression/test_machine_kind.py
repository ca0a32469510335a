"""Which machines are of one kind, and what tells the others apart."""

from __future__ import annotations

import report_examples

from pytest_coreml.verdict.regression.machine_kind import machine_differences, tell_apart

M4 = report_examples.MACHINE


def test_what_changes_from_run_to_run_is_no_difference() -> None:
    """Thermal state, power source and Python do not make another machine."""
    later = {**M4, "thermal": None, "power_source": "Battery Power", "python": "3.13.0"}

    assert machine_differences(M4, later) == []


def test_gpu_cores_are_a_difference() -> None:
    """Chips of one name are sold with more or fewer of them."""
    small, large = ({**M4, "devices": [{"device": "gpu", "cores": cores}]} for cores in (16, 20))

    assert machine_differences(small, large) == ["GPU cores 16, now 20"]


def test_one_fact_tells_machines_apart_where_it_can() -> None:
    """Further differences would only make the names longer."""
    other = {**M4, "chip": "Apple M1", "model_identifier": "Macmini9,1"}

    assert tell_apart([M4, other]) == ["chip Apple M4 Pro", "chip Apple M1"]


def test_as_many_facts_as_are_needed_tell_machines_apart() -> None:
    """Two of three have the same chip."""
    updated = {**M4, "os": {**M4["os"], "build": "25G12"}}

    assert tell_apart([M4, updated, {**M4, "chip": "Apple M1"}]) == [
        "chip Apple M4 Pro, OS build 25F80",
        "chip Apple M4 Pro, OS build 25G12",
        "chip Apple M1, OS build 25F80",
    ]


def test_a_machine_alone_needs_no_name() -> None:
    """There is nothing to tell it from."""
    assert tell_apart([M4]) == [""]
