"""The resource usage that a process on a Mac reads through `libSystem`, as a scenario has it."""

from __future__ import annotations

import ctypes
import os
import struct
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from standin import session

if TYPE_CHECKING:
    from collections.abc import Callable

PATH = "/usr/lib/libSystem.B.dylib"
# Mach units on Apple silicon: 24 MHz.
NUMER, DENOM = 125, 3
# What a process holds of the Neural Engine's memory, if a model of it works there.
NEURAL_BYTES = 64 << 20
# `rusage_info_v6` of bsd/sys/resource.h: a UUID, then these words; the names leave out the prefix `ri_`.
WORDS = (
    *("user_time", "system_time", "pkg_idle_wkups", "interrupt_wkups", "pageins", "wired_size", "resident_size"),
    *("phys_footprint", "proc_start_abstime", "proc_exit_abstime", "child_user_time", "child_system_time"),
    *("child_pkg_idle_wkups", "child_interrupt_wkups", "child_pageins", "child_elapsed_abstime"),
    *("diskio_bytesread", "diskio_byteswritten", "cpu_time_qos_default", "cpu_time_qos_maintenance"),
    *("cpu_time_qos_background", "cpu_time_qos_utility", "cpu_time_qos_legacy", "cpu_time_qos_user_initiated"),
    *("cpu_time_qos_user_interactive", "billed_system_time", "serviced_system_time", "logical_writes"),
    *("lifetime_max_phys_footprint", "instructions", "cycles", "billed_energy", "serviced_energy"),
    *("interval_max_phys_footprint", "runnable_time", "flags", "user_ptime", "system_ptime", "pinstructions"),
    *("pcycles", "energy_nj", "penergy_nj", "secure_time_in_system", "secure_ptime_in_system"),
    *("neural_footprint", "lifetime_max_neural_footprint", "interval_max_neural_footprint"),
    *(f"reserved_{number}" for number in range(9)),
)


def pack(**values: int) -> bytes:
    """Return the structure with these values, and zeros for all others."""
    unknown = values.keys() - set(WORDS)
    assert not unknown, unknown
    return bytes(range(16)) + struct.pack(f"<{len(WORDS)}Q", *(values.get(word, 0) for word in WORDS))


def mach_units(ms: float) -> int:
    """Return a time in ms as the kernel counts it."""
    return round(ms * 1e6 * DENOM / NUMER)


class SystemLibrary:
    """The two functions of the library that are called; *usage* returns the bytes of the structure."""

    def __init__(self, usage: Callable[[], bytes]) -> None:
        self._usage = usage

    def mach_timebase_info(self, timebase: Any) -> int:
        """Write how many nanoseconds a unit has."""
        timebase._obj.numer, timebase._obj.denom = NUMER, DENOM
        return 0

    def proc_pid_rusage(self, pid: int, flavor: int, buffer: Any) -> int:
        """Write the structure, if it is asked for in version 6 and about this process."""
        if (pid, flavor) != (os.getpid(), 6):
            return -1
        data = self._usage()
        ctypes.memmove(buffer, data, len(data))
        return 0


def usage_of_scenario() -> bytes:
    """Return the usage of this process: its real CPU time and memory, and the shares of the scenario."""
    facts = session.current().scenario
    cpu = time.process_time() * 1e3
    status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    leaked = facts.leaked_bytes * session.current().predictions
    resident, peak = (int(status[name].split()[0]) * 1024 + leaked for name in ("VmRSS", "VmHWM"))
    at_work = any("neuralEngine" in facts.working.get(units, ()) for units in session.current().loaded)
    return pack(
        neural_footprint=NEURAL_BYTES if at_work else 0,
        user_time=mach_units(cpu),
        runnable_time=mach_units(cpu * (1 + facts.waiting_share)),
        user_ptime=mach_units(cpu * (1 - facts.efficiency_share)),
        phys_footprint=min(resident, peak),
        lifetime_max_phys_footprint=max(resident, peak),
    )


def install() -> None:
    """Let `ctypes` find the library."""
    load = ctypes.CDLL

    def find(name: Any, *arguments: Any, **options: Any) -> Any:
        return SystemLibrary(usage_of_scenario) if name == PATH else load(name, *arguments, **options)

    ctypes.CDLL = find  # type: ignore[misc, assignment]
