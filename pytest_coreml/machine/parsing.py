"""Parse the output of system commands; a text of another form is unknown (None) and never an error.

Some of these texts contain serial numbers and device identifiers: only the values that are named here are read.
"""

from __future__ import annotations

import re

from pytest_coreml.machine.facts import Gpu, System

# OSThermalPressureLevel of macOS (<libkern/OSThermalNotification.h>). `ProcessInfo.thermalState` has other names, and
# fewer: its `fair` covers two of these.
_THERMAL_LEVELS = ("nominal", "moderate", "heavy", "trapping", "sleeping")
_THERMAL_STATES = ("nominal", "fair", "serious", "critical")
# DISPATCH_MEMORYPRESSURE_* of macOS (<dispatch/source.h>).
_MEMORY_LEVELS = {1: "normal", 2: "warning", 4: "critical"}


def sysctl_values(text: str) -> dict[str, str]:
    """Return the values in the output of `sysctl NAME...`, one `name: value` a line; unknown names are missing."""
    pairs = (line.partition(": ") for line in text.splitlines())
    return {name: value.strip() for name, separator, value in pairs if separator}


def integer(text: str | None) -> int | None:
    """Return the integer that *text* contains; None if it is not one."""
    return int(text) if text is not None and re.fullmatch(r"\d{1,20}", text.strip()) else None


def flag(text: str | None) -> bool | None:
    """Return the boolean for *text*, 0 or 1; None if it is not a number."""
    number = integer(text)
    return None if number is None else number != 0


def macos_system(text: str) -> System:
    """Return name, version and build from the output of `sw_vers`."""
    values = dict(re.findall(r"^(\w+):\s*(\S.*?)\s*$", text, re.MULTILINE))
    return System("macOS", values.get("ProductVersion"), values.get("BuildVersion"))


def power_source(text: str) -> str | None:
    """Return the power source from the output of `pmset -g batt`: `AC Power`, `Battery Power`, `UPS Power`."""
    found = re.search(r"drawing from '([^']+)'", text)
    return found[1] if found else None


def low_power_mode(text: str) -> bool | None:
    """Return True if low-power mode is on by the output of `pmset -g`; None without the setting, as on desktops."""
    found = re.search(r"^\s*lowpowermode\s+(\d+)", text, re.MULTILINE)
    return flag(found[1]) if found else None


def thermal_pressure(text: str) -> str | None:
    """Return the name of the level in the output of `notifyutil -g com.apple.system.thermalpressurelevel`."""
    found = re.search(r"thermalpressurelevel\s+(\d+)", text)
    level = int(found[1]) if found else len(_THERMAL_LEVELS)
    return _THERMAL_LEVELS[level] if level < len(_THERMAL_LEVELS) else None


def thermal_state(text: str) -> str | None:
    """Return the name of the number of a `ProcessInfo.ThermalState`."""
    number = integer(text)
    return _THERMAL_STATES[number] if number is not None and number < len(_THERMAL_STATES) else None


def speed_limit(text: str) -> str | None:
    """Return the clock limit in the output of `pmset -g therm` as a text, `nominal` for 100 %.

    Return None without such a line, as on Macs that never limited the clock, and on most Macs with Apple silicon.
    """
    found = re.search(r"^\s*CPU_Speed_Limit\s*=\s*(\d+)", text, re.MULTILINE)
    if not found:
        return None
    return "nominal" if int(found[1]) >= 100 else f"clock limited to {found[1]} %"


def memory_pressure(text: str | None) -> str | None:
    """Return the name of a value of `kern.memorystatus_vm_pressure_level`."""
    return _MEMORY_LEVELS.get(integer(text) or 0)


def swap_bytes(text: str | None) -> int | None:
    """Return the swap in use, in bytes, from `vm.swapusage`: `total = 2048.00M  used = 1021.25M  free = ...`."""
    found = re.search(r"used = (\d+(?:[.,]\d+)?)([KMGT])", text or "")
    return round(float(found[1].replace(",", ".")) * 1024 ** (" KMGT".index(found[2]))) if found else None


def gpu(text: str) -> Gpu:
    """Return name and cores of the first GPU in the output of `ioreg -r -c IOAccelerator`."""
    name = re.search(r'"model" = <?"([^"]+)"', text)
    cores = re.search(r'"gpu-core-count" = (\d+)', text)
    return Gpu(name[1] if name else None, int(cores[1]) if cores else None)


def cpuinfo_chip(text: str) -> str | None:
    """Return the name of the processor in `/proc/cpuinfo`."""
    found = re.search(r"^(?:model name|Model|Hardware)\s*:\s*(\S.*?)\s*$", text, re.MULTILINE)
    return found[1] if found else None


def cpuinfo_virtual(text: str) -> bool | None:
    """Return True if the flags in `/proc/cpuinfo` contain `hypervisor`; None without flags, which only x86 has."""
    flags = re.search(r"^flags\s*:(.*)$", text, re.MULTILINE)
    return " hypervisor" in flags[1] if flags else None
