"""The facts about a machine as the report has them."""

from __future__ import annotations

import platform
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pytest_coreml.facts.runtime import DeviceFacts, RuntimeFacts
    from pytest_coreml.machine.facts import Conditions, Identity


@dataclass(frozen=True)
class Software:
    """What executes models. *asked*: the runtime as the user said it; *engine*, *devices*: None before the first load,
    *devices* also where the runtime does not tell."""

    asked: str
    engine: RuntimeFacts | None = None
    devices: Sequence[DeviceFacts] | None = None


def machine_json(machine: Identity, before: Conditions, after: Conditions, software: Software) -> dict[str, Any]:
    """Give the facts as a JSON value. *before*, *after*: at the first measurement, and after the last one so far."""
    engine = software.engine
    return {
        "chip": machine.chip,
        "model_identifier": machine.model_identifier,
        "cores": asdict(machine.cores),
        "memory_bytes": machine.memory_bytes,
        "os": asdict(machine.system),
        "virtual": machine.virtual,
        "rosetta": machine.rosetta,
        "power_source": before.power_source,
        "power_source_after": after.power_source,
        "low_power_mode": before.low_power_mode,
        "thermal": {"before": before.thermal, "after": after.thermal},
        "memory_pressure": {"before": before.memory_pressure, "after": after.memory_pressure},
        "swap_bytes": {"before": before.swap_bytes, "after": after.swap_bytes},
        "devices": list(_devices(software.devices or (), machine)),
        "python": platform.python_version(),
        "coremltools": engine.coremltools if engine else None,
        "runtime": _runtime(machine, engine, software.asked),
        "threads": engine.threads if engine else None,
    }


def joined(first: dict[str, Any], last: dict[str, Any]) -> dict[str, Any]:
    """Give the facts of a run that began with the facts *first* and ended with *last*."""
    spans: dict[str, Any] = {
        name: {"before": first[name]["before"], "after": last[name]["after"]}
        for name in ("thermal", "memory_pressure", "swap_bytes")
        if name in first and name in last
    }
    return {**last, "power_source": first["power_source"], **spans}


def _devices(devices: Sequence[DeviceFacts], machine: Identity) -> Iterator[dict[str, Any]]:
    for device in devices:
        if device.device == "gpu":
            # Core ML tells of a GPU no more than that there is one.
            yield {"device": "gpu", **asdict(machine.gpu)}
        elif device.cores is None:
            yield {"device": device.device}
        else:
            yield {"device": device.device, "cores": device.cores}


def _runtime(machine: Identity, engine: RuntimeFacts | None, asked: str) -> dict[str, Any]:
    if engine is None:
        return {"name": asked, "version": None}
    if engine.runtime == "coreml":
        # Core ML has no version of its own: it comes and changes with the system.
        return {"name": "coreml", "version": machine.system.version}
    return {"name": engine.runtime, "version": engine.runtime_version, "precision": engine.precision}
