"""Read the facts about a machine that is not a Mac."""

from __future__ import annotations

import contextlib
import platform
from pathlib import Path

from pytest_coreml.machine import parsing
from pytest_coreml.machine.facts import Conditions, Cores, Identity, System

_CPU_INFO = Path("/proc/cpuinfo")


def read_identity(cpu_info: Path = _CPU_INFO) -> Identity:
    """Return the identity of this machine."""
    import psutil

    text = ""
    with contextlib.suppress(OSError):
        text = cpu_info.read_text(errors="replace")
    return Identity(
        system=_system(),
        chip=parsing.cpuinfo_chip(text) or platform.processor() or platform.machine() or None,
        cores=Cores(psutil.cpu_count(), physical=psutil.cpu_count(logical=False)),
        memory_bytes=psutil.virtual_memory().total,
        virtual=parsing.cpuinfo_virtual(text),
    )


def read_conditions() -> Conditions:
    """Return the power source and the swap in use; Linux has no common names for the other conditions."""
    import psutil

    swap = psutil.swap_memory().used
    battery = psutil.sensors_battery() if hasattr(psutil, "sensors_battery") else None
    if battery is None or battery.power_plugged is None:
        return Conditions(swap_bytes=swap)
    return Conditions(power_source="AC Power" if battery.power_plugged else "Battery Power", swap_bytes=swap)


def _system() -> System:
    try:
        release = platform.freedesktop_os_release()
    except OSError:
        return System(platform.system(), platform.release())
    return System(release["NAME"], release.get("VERSION_ID"), platform.release())
