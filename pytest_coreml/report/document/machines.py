"""A machine as a report describes it, and the machines of a run, each under a separate name."""

from __future__ import annotations

import platform
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from pytest_coreml.device_reports.device_result import MeasuringDevice
    from pytest_coreml.facts.clocks import Clock
    from pytest_coreml.facts.runtime import DeviceFacts, RuntimeFacts
    from pytest_coreml.machine.facts import Conditions, Identity
    from pytest_coreml.report.document.dataclass_codec import Json

# What changes on one machine during a run.
_CONDITIONS: Final = ("thermal", "power_source", "low_power_mode")


@dataclass(frozen=True)
class Software:
    """The software that executes models."""

    asked: str
    """The value of the runtime option."""
    engine: RuntimeFacts | None = None
    """The runtime of the engine; None before the first load."""
    devices: Sequence[DeviceFacts] | None = None
    """The compute devices; None before the first load, and if the runtime does not list them."""


def encode_machine(machine: Identity, before: Conditions, after: Conditions, software: Software) -> Json:
    """Return the JSON object of *machine*.

    *before*, *after*: its conditions at the first measurement, and after the last one so far.
    """
    # Imported here, since runs that only collect tests need no more of this module than the names of machines.
    from pytest_coreml.machine.policy import is_representative

    engine = software.engine
    return {
        "chip": machine.chip,
        "model_identifier": machine.model_identifier,
        "cores": asdict(machine.cores),
        "memory_bytes": machine.memory_bytes,
        "os": asdict(machine.system),
        "virtual": machine.virtual,
        "rosetta": machine.rosetta,
        "representative": is_representative(machine),
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


def encode_device(device: MeasuringDevice, measured_by: Clock) -> Json:
    """Return the JSON object of a *device* that another tool than this package measured on."""
    return {
        "chip": None,
        "product": device.product,
        "os": {"name": device.system, "version": device.version, "build": device.build},
        "devices": [{"device": name} for name in device.devices],
        "python": "",
        "coremltools": device.coremltools,
        "runtime": {"name": "coreml", "version": device.version},
        "measured_by": measured_by,
    }


def device_name(machine: Mapping[str, Any]) -> str:
    """Return a name for a device among several, with its system."""
    system = " ".join(filter(None, (machine["os"]["name"], machine["os"]["version"])))
    return f"{machine.get('product') or machine['chip'] or 'device'}, {system}"


def join_facts(first: Json, last: Json) -> Json:
    """Return the JSON object of a machine that was *first* at the beginning of a run and *last* at its end."""
    spans: Json = {
        name: {"before": first[name]["before"], "after": last[name]["after"]}
        for name in ("thermal", "memory_pressure", "swap_bytes")
        if name in first and name in last
    }
    return {**last, "power_source": first["power_source"], **spans}


class Machines:
    """The machines of a run, from the facts that workers send.

    *apart*: each worker is a machine, even if its facts equal those of another one, as when several Macs of one kind
    run every test. Otherwise workers with equal facts share a machine.
    """

    def __init__(self, apart: bool = False) -> None:
        self._apart = apart
        self._names: dict[str | None, str] = {}
        self._facts: dict[str, Json] = {}

    def note(self, worker: str | None, facts: Json) -> str:
        """Note the facts about the machine of *worker*, None if there are no workers; return the machine's name."""
        if worker not in self._names:
            self._names[worker] = self._same(facts) or _name(worker, facts)
        name = self._names[worker]
        self._facts[name] = join_facts(self._facts[name], facts) if name in self._facts else facts
        return name

    @property
    def first(self) -> Json | None:
        """The facts about the machine that was noted first; None if none was noted."""
        return next(iter(self._facts.values()), None)

    @property
    def several(self) -> dict[str, Json]:
        """The facts about each machine by its name; empty if there is only one, which needs no name."""
        return dict(self._facts) if len(self._facts) > 1 else {}

    def _same(self, facts: Json) -> str | None:
        if self._apart:
            return None
        lasting = _lasting(facts)
        return next((name for name, known in self._facts.items() if _lasting(known) == lasting), None)


def _devices(devices: Sequence[DeviceFacts], machine: Identity) -> Iterator[Json]:
    for device in devices:
        if device.device == "gpu":
            # Core ML reports only that there is a GPU.
            yield {"device": "gpu", **asdict(machine.gpu)}
        elif device.cores is None:
            yield {"device": device.device}
        else:
            yield {"device": device.device, "cores": device.cores}


def _runtime(machine: Identity, engine: RuntimeFacts | None, asked: str) -> Json:
    if engine is None:
        return {"name": asked, "version": None}
    if engine.runtime == "coreml":
        # Core ML is part of the system and has the system's version.
        return {"name": "coreml", "version": machine.system.version, "api": engine.api}
    return {"name": engine.runtime, "version": engine.runtime_version, "precision": engine.precision}


def _lasting(facts: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in facts.items() if name not in _CONDITIONS}


def _name(worker: str | None, facts: Mapping[str, Any]) -> str:
    chip = facts["chip"] or "machine"
    return f"{chip} ({worker})" if worker else str(chip)
