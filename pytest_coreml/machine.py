"""Facts about this machine; nothing that names a person, a host or a single device."""

from __future__ import annotations

import platform
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pytest_coreml.engine.protocol import EngineFacts

_CPU_INFO = Path("/proc/cpuinfo")
_OS_RELEASE = ("NAME", "VERSION_ID", "BUILD_ID")


def machine_json(engine: EngineFacts | None, runtime: str) -> dict[str, Any]:
    """Give the facts as the report's `machine` has them; without an *engine*, *runtime* was asked for."""
    import psutil

    system = _os()
    return {
        "chip": _chip(),
        "model_identifier": None,
        "cores": {"total": psutil.cpu_count(), "performance": None, "efficiency": None},
        "memory_bytes": psutil.virtual_memory().total,
        "os": system,
        "virtual": _virtual(),
        "rosetta": None,
        "power_source": None,
        "low_power_mode": None,
        "thermal": {"before": None, "after": None},
        "devices": [{"device": "cpu"}] if engine and engine.runtime == "reference" else [],
        "python": platform.python_version(),
        "coremltools": engine.coremltools if engine else None,
        "runtime": {
            "name": engine.runtime if engine else runtime,
            "version": engine.runtime_version if engine else None,
        },
        "threads": engine.threads if engine else None,
    }


def chip_name(cpuinfo: str) -> str | None:
    """Give the processor's name from the text of `/proc/cpuinfo`."""
    for line in cpuinfo.splitlines():
        name, _, value = line.partition(":")
        if name.strip() in ("model name", "Model", "Hardware"):
            return value.strip()
    return None


def _chip() -> str | None:
    text = _CPU_INFO.read_text(errors="replace") if _CPU_INFO.exists() else ""
    return chip_name(text) or platform.processor() or platform.machine() or None


def _virtual() -> bool | None:
    if not _CPU_INFO.exists():
        return None
    return " hypervisor" in _CPU_INFO.read_text(errors="replace")


def _os() -> dict[str, Any]:
    if platform.system() == "Darwin":
        return {"name": "macOS", "version": platform.mac_ver()[0], "build": None}
    try:
        release = platform.freedesktop_os_release()
    except OSError:
        return {"name": platform.system(), "version": platform.release(), "build": None}
    name, version, _ = (release.get(key) for key in _OS_RELEASE)
    return {"name": name, "version": version, "build": platform.release()}
