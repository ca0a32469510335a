"""Machines of one run are told apart where they differ, and where each worker is one."""

from __future__ import annotations

from report_examples import MACHINE

from pytest_coreml.machine.document import joined
from pytest_coreml.report.document.machines import Machines

OTHER = {**MACHINE, "chip": "Apple M1"}


def test_one_machine_needs_no_name() -> None:
    """Workers that tell the same share a machine, whatever changes on it meanwhile."""
    warm = {**MACHINE, "thermal": {"before": "fair", "after": "serious"}}
    machines = Machines(joined)

    names = [machines.note("gw0", MACHINE), machines.note("gw1", warm)]

    assert names == ["Apple M4 Pro (gw0)"] * 2
    assert machines.several == {}
    assert machines.first == {**MACHINE, "thermal": {"before": "nominal", "after": "serious"}}


def test_machines_that_differ_have_names() -> None:
    """A report can name each, and its head is the machine that came first."""
    machines = Machines(joined)

    names = [machines.note("gw0", MACHINE), machines.note("gw1", OTHER), machines.note("gw0", MACHINE)]

    assert names == ["Apple M4 Pro (gw0)", "Apple M1 (gw1)", "Apple M4 Pro (gw0)"]
    assert machines.several == {"Apple M4 Pro (gw0)": MACHINE, "Apple M1 (gw1)": OTHER}
    assert machines.first == MACHINE


def test_machines_of_one_kind_can_be_kept_apart() -> None:
    """Where every worker runs every test, two Macs that tell the same are two machines."""
    machines = Machines(joined, apart=True)

    machines.note("gw0", MACHINE)
    machines.note("gw1", MACHINE)

    assert list(machines.several) == ["Apple M4 Pro (gw0)", "Apple M4 Pro (gw1)"]


def test_a_run_without_workers_has_one_machine() -> None:
    """Nothing was noted, or only the one."""
    machines = Machines(joined)
    before = machines.first

    assert machines.note(None, MACHINE) == "Apple M4 Pro"
    assert before is None
    assert machines.several == {}
