"""Machines of one run are told apart where they differ, and where each worker is one."""

from __future__ import annotations

import getpass
import json
import platform
from pathlib import Path

from report_examples import MACHINE

from pytest_coreml import machine
from pytest_coreml.facts.runtime import DeviceFacts, RuntimeFacts
from pytest_coreml.machine.facts import Conditions, Gpu, Identity, System
from pytest_coreml.report.document.machines import Machines, Software, encode_machine, join_facts
from pytest_coreml.report.document.schema import report_schema

REAL = Identity(System("macOS", "26.5.1", "25F80"), "Apple M4", "Mac16,10", virtual=False, rosetta=False)
COREML = RuntimeFacts(1, "3.12.4", "9.0", "coreml", None, None)
OTHER = {**MACHINE, "chip": "Apple M1"}


def test_one_machine_needs_no_name() -> None:
    """Workers with equal facts share a machine, with any changes on it."""
    warm = {**MACHINE, "thermal": {"before": "fair", "after": "serious"}}
    machines = Machines()

    names = [machines.note("gw0", MACHINE), machines.note("gw1", warm)]

    assert names == ["Apple M4 Pro (gw0)"] * 2
    assert machines.several == {}
    assert machines.first == {**MACHINE, "thermal": {"before": "nominal", "after": "serious"}}


def test_machines_that_differ_have_names() -> None:
    """A report can name each, and its head is the machine that came first."""
    machines = Machines()

    names = [machines.note("gw0", MACHINE), machines.note("gw1", OTHER), machines.note("gw0", MACHINE)]

    assert names == ["Apple M4 Pro (gw0)", "Apple M1 (gw1)", "Apple M4 Pro (gw0)"]
    assert machines.several == {"Apple M4 Pro (gw0)": MACHINE, "Apple M1 (gw1)": OTHER}
    assert machines.first == MACHINE


def test_machines_of_one_kind_can_be_kept_apart() -> None:
    """Where every worker runs every test, two Macs with equal facts are two machines."""
    machines = Machines(apart=True)

    machines.note("gw0", MACHINE)
    machines.note("gw1", MACHINE)

    assert list(machines.several) == ["Apple M4 Pro (gw0)", "Apple M4 Pro (gw1)"]


def test_a_run_without_workers_has_one_machine() -> None:
    """Nothing was noted, or only the one."""
    machines = Machines()
    before = machines.first

    assert machines.note(None, MACHINE) == "Apple M4 Pro"
    assert before is None
    assert machines.several == {}


def test_the_report_has_the_facts() -> None:
    """Devices with the GPU's name and cores, the system's version as Core ML's, conditions before and after."""
    mac = Identity(System("macOS", "26.5.1", "25F80"), "Apple M4 Pro", "Mac16,8", gpu=Gpu("Apple M4 Pro", 20))
    devices = (DeviceFacts("cpu"), DeviceFacts("gpu"), DeviceFacts("neuralEngine", 16))
    before, after = Conditions("nominal", "AC Power", False), Conditions("heavy", "Battery Power", False)

    found = encode_machine(mac, before, after, Software("auto", COREML, devices))

    assert found["devices"] == [
        {"device": "cpu"},
        {"device": "gpu", "name": "Apple M4 Pro", "cores": 20},
        {"device": "neuralEngine", "cores": 16},
    ]
    assert found["runtime"] == {"name": "coreml", "version": "26.5.1", "api": None}
    assert found["thermal"] == {"before": "nominal", "after": "heavy"}
    assert (found["power_source"], found["power_source_after"]) == ("AC Power", "Battery Power")


def test_a_run_begins_with_its_first_facts_and_ends_with_its_last() -> None:
    """A change between the reports of two tests is found."""
    cool, warm = Conditions("nominal", "AC Power"), Conditions("heavy", "Battery Power")
    first = encode_machine(REAL, cool, cool, Software("auto"))
    last = encode_machine(REAL, warm, warm, Software("auto", COREML))

    found = join_facts(first, last)

    assert found["thermal"] == {"before": "nominal", "after": "heavy"}
    assert (found["power_source"], found["power_source_after"]) == ("AC Power", "Battery Power")
    assert found["coremltools"] == "9.0"


def test_the_facts_of_this_machine_are_of_the_schema_and_name_nobody() -> None:
    """Every fact is described in the schema; none is a host, a user or a home folder."""
    import jsonschema

    now = machine.conditions()
    found = encode_machine(machine.identity(), now, now, Software("auto", COREML))
    text = json.dumps(found)
    schema = report_schema()

    jsonschema.validate(found, {**schema["$defs"]["machine"], "$defs": schema["$defs"]})
    of_devices = {"product", "measured_by"}
    assert set(found) == set(schema["$defs"]["machine"]["properties"]) - of_devices
    for private in (platform.node(), getpass.getuser(), str(Path.home())):
        assert len(private) < 4 or private not in text
