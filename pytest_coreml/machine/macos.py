"""Read the facts about a Mac, without root, and without anything that identifies a person or the device.

`system_profiler` is not used: it takes a second and adds only serial numbers.
"""

from __future__ import annotations

import platform
from dataclasses import replace
from typing import TYPE_CHECKING

from pytest_coreml.machine import commands, parsing
from pytest_coreml.machine.facts import Conditions, Cores, Identity, System

if TYPE_CHECKING:
    from pytest_coreml.machine.commands import Run

_SYSCTL = (
    "machdep.cpu.brand_string",
    "hw.model",
    "hw.logicalcpu",
    "hw.physicalcpu",
    "hw.perflevel0.physicalcpu",
    "hw.perflevel1.physicalcpu",
    "hw.memsize",
    "kern.hv_vmm_present",
    "sysctl.proc_translated",
)
# https://developer.apple.com/documentation/foundation/processinfo/thermalstate-swift.enum
_THERMAL_STATE = 'ObjC.import("Foundation"); $.NSProcessInfo.processInfo.thermalState'


def read_identity(run: Run = commands.run, architecture: str | None = None) -> Identity:
    """Return the identity of this Mac. *architecture*: of this Python, such as `arm64`; by default from `platform`."""
    values = parsing.sysctl_values(run(["sysctl", *_SYSCTL]))
    chip, model = values.get("machdep.cpu.brand_string"), values.get("hw.model")
    cores = Cores(
        total=parsing.integer(values.get("hw.logicalcpu")),
        # Intel Macs do not have levels.
        performance=parsing.integer(values.get("hw.perflevel0.physicalcpu")),
        efficiency=parsing.integer(values.get("hw.perflevel1.physicalcpu")),
        physical=parsing.integer(values.get("hw.physicalcpu")),
    )
    return Identity(
        system=_system(run),
        chip=chip,
        model_identifier=model,
        cores=cores,
        memory_bytes=parsing.integer(values.get("hw.memsize")),
        virtual=_virtual(values),
        rosetta=_rosetta(values, architecture or platform.machine()),
        gpu=parsing.gpu(run(["ioreg", "-r", "-c", "IOAccelerator", "-d", "1"])),
    )


def read_conditions(run: Run = commands.run) -> Conditions:
    """Return the thermal state, the power source, and the memory pressure of this Mac."""
    values = parsing.sysctl_values(run(["sysctl", "kern.memorystatus_vm_pressure_level", "vm.swapusage"]))
    return Conditions(
        thermal=_thermal(run),
        power_source=parsing.power_source(run(["pmset", "-g", "batt"])),
        low_power_mode=parsing.low_power_mode(run(["pmset", "-g"])),
        memory_pressure=parsing.memory_pressure(values.get("kern.memorystatus_vm_pressure_level")),
        swap_bytes=parsing.swap_bytes(values.get("vm.swapusage")),
    )


def _thermal(run: Run) -> str | None:
    # The most detailed source comes first; its name is not part of a documented interface. The documented interface is
    # called through the scripting bridge of macOS, which takes longer.
    return (
        parsing.thermal_pressure(run(["notifyutil", "-g", "com.apple.system.thermalpressurelevel"]))
        or parsing.thermal_state(run(["osascript", "-l", "JavaScript", "-e", _THERMAL_STATE]))
        or parsing.speed_limit(run(["pmset", "-g", "therm"]))
    )


def _system(run: Run) -> System:
    # Not `platform` first: a Python built against an old SDK reports 10.16 for every macOS.
    system = parsing.macos_system(run(["sw_vers"]))
    return system if system.version else replace(system, version=platform.mac_ver()[0] or None)


def _virtual(values: dict[str, str]) -> bool | None:
    if values.get("hw.model", "").startswith("VirtualMac"):
        return True
    return parsing.flag(values.get("kern.hv_vmm_present"))


def _rosetta(values: dict[str, str], architecture: str) -> bool | None:
    if architecture == "x86_64" and values.get("machdep.cpu.brand_string", "").startswith("Apple"):
        return True
    # Macs that never translate do not have the value.
    return parsing.flag(values.get("sysctl.proc_translated", "0")) if values else None
