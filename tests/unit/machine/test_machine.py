"""The smaller parts of the facts: commands, Linux, conditions around a measurement, policy."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from pytest_coreml.machine import commands, linux
from pytest_coreml.machine.facts import Conditions, Identity, System
from pytest_coreml.machine.policy import (
    clock_doubt,
    default_compute_units,
    device_doubt,
    is_representative,
    max_load_seconds,
    unfit_units,
    usable_devices,
)
from pytest_coreml.machine.watch import Watch
from pytest_coreml.report.text.causes import reason_text

if TYPE_CHECKING:
    from pathlib import Path

    from pytest_coreml.facts.compute_units import ComputeUnits, Device

REAL = Identity(System("macOS", "26.5.1", "25F80"), "Apple M4", "Mac16,10", virtual=False, rosetta=False)
VIRTUAL = Identity(System("macOS", "15.7", "24G222"), "Apple M1 (Virtual)", "VirtualMac2,1", virtual=True)
TRANSLATED = Identity(System("macOS", "26.5.1", "25F80"), "Apple M4", "Mac16,10", virtual=False, rosetta=True)
LINUX_GUEST = Identity(System("Debian GNU/Linux", "13"), virtual=True)


def test_a_command_gives_its_output_also_when_it_fails() -> None:
    """The output of a command that ran into its time limit is kept."""
    assert commands.run([sys.executable, "-c", "print('known'); raise SystemExit(1)"]).strip() == "known"


def test_a_command_that_is_not_there_or_hangs_says_nothing() -> None:
    """Neither is an error."""
    assert commands.run(["no-such-command-here"]) == ""
    assert commands.run([sys.executable, "-c", "import time; time.sleep(60)"], seconds=0.2) == ""


def test_a_linux_machine(tmp_path: Path) -> None:
    """Its processor's name, whether it is a guest, cores and memory."""
    info = tmp_path / "cpuinfo"
    info.write_text("model name\t: Some CPU\nflags\t\t: fpu hypervisor\n")
    found = linux.read_identity(info)

    assert (found.chip, found.virtual, found.is_mac) == ("Some CPU", True, False)
    assert found.cores.total is not None
    assert found.cores.total > 0


def test_a_linux_machine_without_cpuinfo(tmp_path: Path) -> None:
    """Without an answer it is unknown whether the machine is virtual."""
    assert linux.read_identity(tmp_path / "nothing").virtual is None


def test_conditions_around_a_measurement() -> None:
    """Read before and after each; the first and the last of the run are kept."""
    read = iter(
        [Conditions("nominal", "AC Power"), Conditions("moderate"), Conditions("moderate"), Conditions("heavy")]
    )
    watch = Watch(lambda: next(read))

    assert watch.during(lambda: "done") == ("done", ("nominal", "moderate"))
    assert watch.during(lambda: "again") == ("again", ("moderate", "heavy"))
    assert watch.first == Conditions("nominal", "AC Power")
    assert watch.last == Conditions("heavy")


def test_an_unknown_thermal_state_is_no_change() -> None:
    """Where the system does not report it, there is nothing to compare."""
    read = iter([Conditions("nominal"), Conditions(None)])

    assert Watch(lambda: next(read)).during(lambda: 0) == (0, None)


@pytest.mark.parametrize(("found", "units"), [(REAL, "all"), (VIRTUAL, "cpuOnly"), (LINUX_GUEST, "all")])
def test_default_compute_units(found: Identity, units: ComputeUnits) -> None:
    """Only the CPU on a virtual Mac; other virtual machines have no Core ML to worry about."""
    assert units == default_compute_units(found)


def test_units_that_a_virtual_mac_is_not_fit_for() -> None:
    """All but cpuOnly, unless the runtime is asked for by name."""
    reason = reason_text(unfit_units("cpuAndNeuralEngine", "auto", VIRTUAL))

    assert reason is not None
    assert reason.startswith("cpuAndNeuralEngine on a virtual Mac (VirtualMac2,1)")
    assert "--coreml-runtime=coreml" in reason
    assert unfit_units("cpuOnly", "auto", VIRTUAL) is None
    assert unfit_units("all", "coreml", VIRTUAL) is None
    assert unfit_units("all", "auto", REAL) is None
    assert unfit_units("all", "auto", LINUX_GUEST) is None


def test_a_neural_engine_of_a_virtual_mac_is_none() -> None:
    """Nothing could be planned on a device that Core ML lists there, so that a rule about it is not judged."""
    listed: tuple[Device, ...] = ("cpu", "gpu", "neuralEngine")

    assert usable_devices(listed, VIRTUAL) == ("cpu", "gpu")
    assert usable_devices(listed, REAL) == listed


@pytest.mark.parametrize(
    ("runtime", "asked", "found", "words"),
    [
        ("coreml", "auto", REAL, None),
        ("coreml", "auto", VIRTUAL, "a virtual Mac (VirtualMac2,1)"),
        ("coreml", "coreml", VIRTUAL, None),
        ("coreml", "auto", TRANSLATED, "translated by Rosetta"),
        ("coreml", "coreml", TRANSLATED, None),
        ("reference", "auto", LINUX_GUEST, "the reference runtime ran the model"),
        ("reference", "reference", LINUX_GUEST, None),
    ],
)
def test_whose_clock_is_judged(runtime: str, asked: str, found: Identity, words: str | None) -> None:
    """A real Mac's; any other when the runtime is asked for by name."""
    doubt = reason_text(clock_doubt(runtime, asked, found))

    assert words is None if doubt is None else words is not None and words in doubt


@pytest.mark.parametrize(
    ("units", "devices", "runtime", "asked", "doubtful"),
    [
        ("cpuAndNeuralEngine", ("cpu", "gpu"), "coreml", "auto", True),
        ("cpuAndGPU", ("cpu",), "coreml", "auto", True),
        ("cpuAndNeuralEngine", ("cpu", "gpu", "neuralEngine"), "coreml", "auto", False),
        # These name no single device.
        ("all", ("cpu",), "coreml", "auto", False),
        ("cpuOnly", ("cpu",), "coreml", "auto", False),
        # Unknown devices, and clocks that the user has chosen.
        ("cpuAndNeuralEngine", None, "coreml", "auto", False),
        ("cpuAndNeuralEngine", ("cpu",), "coreml", "coreml", False),
        ("cpuAndNeuralEngine", ("cpu",), "reference", "reference", False),
    ],
)
def test_times_of_a_device_that_is_missing_are_doubtful(
    units: ComputeUnits, devices: tuple[Device, ...] | None, runtime: str, asked: str, doubtful: bool
) -> None:
    """An Intel Mac runs `cpuAndNeuralEngine` without a Neural Engine."""
    assert (device_doubt(units, devices, runtime, asked) is not None) is doubtful


@pytest.mark.parametrize(
    ("machine", "seconds", "representative"),
    [(REAL, None, True), (VIRTUAL, 180.0, False), (TRANSLATED, None, False), (LINUX_GUEST, None, None)],
    ids=["real", "virtual", "translated", "Linux"],
)
def test_the_profile_of_a_machine(machine: Identity, seconds: float | None, representative: bool | None) -> None:
    """A virtual Mac has a limit for loads, and its times are marked; a virtual Linux machine is not about Macs."""
    assert (max_load_seconds(machine), is_representative(machine)) == (seconds, representative)
