"""Make facts of what the system writes; unknown, never an error, for texts of another form.

Some of these texts hold serial numbers and identifiers of devices: only the values named here are taken.
"""

from __future__ import annotations

import re

from pytest_coreml.machine.facts import Gpu, System

# OSThermalPressureLevel of macOS (<libkern/OSThermalNotification.h>). `ProcessInfo.thermalState` has other words, and
# fewer: its `fair` covers two of these.
_THERMAL_LEVELS = ("nominal", "moderate", "heavy", "trapping", "sleeping")
_THERMAL_STATES = ("nominal", "fair", "serious", "critical")
# DISPATCH_MEMORYPRESSURE_* of macOS (<dispatch/source.h>).
_MEMORY_LEVELS = {1: "normal", 2: "warning", 4: "critical"}


def sysctl_values(text: str) -> dict[str, str]:
    """Give the values of `sysctl NAME...`, one `name: value` a line; names that it does not know are not there."""
    pairs = (line.partition(": ") for line in text.splitlines())
    return {name: value.strip() for name, separator, value in pairs if separator}


def integer(text: str | None) -> int | None:
    """Give the whole number that *text* is."""
    return int(text) if text is not None and re.fullmatch(r"\d{1,20}", text.strip()) else None


def flag(text: str | None) -> bool | None:
    """Give the truth that *text*, 0 or 1, stands for."""
    number = integer(text)
    return None if number is None else number != 0


def macos_system(text: str) -> System:
    """Give name, version and build of `sw_vers`."""
    values = dict(re.findall(r"^(\w+):\s*(\S.*?)\s*$", text, re.MULTILINE))
    return System("macOS", values.get("ProductVersion"), values.get("BuildVersion"))


def power_source(text: str) -> str | None:
    """Give what powers the machine by `pmset -g batt`: `AC Power`, `Battery Power`, `UPS Power`."""
    found = re.search(r"drawing from '([^']+)'", text)
    return found[1] if found else None


def low_power_mode(text: str) -> bool | None:
    """Say by `pmset -g` whether low-power mode is on; desktops may lack the setting."""
    found = re.search(r"^\s*lowpowermode\s+(\d+)", text, re.MULTILINE)
    return flag(found[1]) if found else None


def thermal_pressure(text: str) -> str | None:
    """Give the word for the level that `notifyutil -g com.apple.system.thermalpressurelevel` writes."""
    found = re.search(r"thermalpressurelevel\s+(\d+)", text)
    level = int(found[1]) if found else len(_THERMAL_LEVELS)
    return _THERMAL_LEVELS[level] if level < len(_THERMAL_LEVELS) else None


def thermal_state(text: str) -> str | None:
    """Give the word for the number of a `ProcessInfo.ThermalState`."""
    number = integer(text)
    return _THERMAL_STATES[number] if number is not None and number < len(_THERMAL_STATES) else None


def speed_limit(text: str) -> str | None:
    """Give the word for the limit of the clock that `pmset -g therm` writes, in percent.

    Macs that never had a reason to limit it have no such line, nor have most with Apple silicon: that is unknown.
    """
    found = re.search(r"^\s*CPU_Speed_Limit\s*=\s*(\d+)", text, re.MULTILINE)
    if not found:
        return None
    return "nominal" if int(found[1]) >= 100 else f"clock limited to {found[1]} %"


def memory_pressure(text: str | None) -> str | None:
    """Give the word for the value of `kern.memorystatus_vm_pressure_level`."""
    return _MEMORY_LEVELS.get(integer(text) or 0)


def swap_bytes(text: str | None) -> int | None:
    """Give the swap in use by the value of `vm.swapusage`, as `total = 2048.00M  used = 1021.25M  free = ...`."""
    found = re.search(r"used = (\d+(?:[.,]\d+)?)([KMGT])", text or "")
    return round(float(found[1].replace(",", ".")) * 1024 ** (" KMGT".index(found[2]))) if found else None


def gpu(text: str) -> Gpu:
    """Give name and cores of the first GPU in what `ioreg -r -c IOAccelerator` writes."""
    name = re.search(r'"model" = <?"([^"]+)"', text)
    cores = re.search(r'"gpu-core-count" = (\d+)', text)
    return Gpu(name[1] if name else None, int(cores[1]) if cores else None)


def cpuinfo_chip(text: str) -> str | None:
    """Give the processor's name of `/proc/cpuinfo`."""
    found = re.search(r"^(?:model name|Model|Hardware)\s*:\s*(\S.*?)\s*$", text, re.MULTILINE)
    return found[1] if found else None


def cpuinfo_virtual(text: str) -> bool | None:
    """Say by the flags in `/proc/cpuinfo` whether a hypervisor is below; only x86 has them."""
    flags = re.search(r"^flags\s*:(.*)$", text, re.MULTILINE)
    return " hypervisor" in flags[1] if flags else None
