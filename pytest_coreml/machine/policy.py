"""The rules for machines: the compute units that a test can have there, and the clocks that may be judged."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from pytest_coreml.facts.reason import Cause, Reason, UnfitUnits

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from pytest_coreml.facts.compute_units import ComputeUnits, Device
    from pytest_coreml.machine.facts import Identity


# A hosted Mac has stalled for 27 minutes in a compilation for a Neural Engine that it does not have
# (github.com/soniqo/speech-swift, pull request 286). The limit is ours: loads there take seconds.
MAX_LOAD_SECONDS: Final = 180.0


def default_compute_units(machine: Identity) -> ComputeUnits:
    """Return the compute units of tests that name none: `all`, but only the CPU on a virtual Mac."""
    return "cpuOnly" if machine.is_mac and machine.virtual else "all"


def unfit_units(units: ComputeUnits, asked: str, machine: Identity) -> Reason | None:
    """Return the reason why a test on *units* is skipped on *machine*; None if it runs.

    *asked*: the value of the runtime option; `coreml` asks for Core ML on any machine. A virtual Mac has no usable
    Neural Engine, and a simulated GPU; Core ML may try for minutes to use them.
    """
    if asked != "auto" or units == "cpuOnly" or not (machine.is_mac and machine.virtual):
        return None
    return Reason(Cause.UNFIT_UNITS, UnfitUnits(units, machine.model_identifier))


def max_load_seconds(machine: Identity) -> float | None:
    """Return the seconds that a load may take on *machine* before it counts as stalled; None for no special limit."""
    return MAX_LOAD_SECONDS if machine.is_mac and machine.virtual else None


def is_representative(machine: Identity) -> bool | None:
    """Return False if times on *machine* say little about Macs that people use; None if it is not a Mac."""
    return not (machine.virtual or machine.rosetta) if machine.is_mac else None


def usable_devices(devices: Iterable[Device], machine: Identity) -> tuple[Device, ...]:
    """Return those of the listed *devices* that exist: a virtual Mac has no Neural Engine, whatever it lists."""
    virtual = machine.is_mac and machine.virtual
    return tuple(device for device in devices if not (virtual and device == "neuralEngine"))


# The device that some compute units are chosen for.
_DEVICE: Final[dict[ComputeUnits, Device]] = {"cpuAndGPU": "gpu", "cpuAndNeuralEngine": "neuralEngine"}


def device_doubt(units: ComputeUnits, devices: Collection[Device] | None, runtime: str, asked: str) -> Reason | None:
    """Return the reason why times on *units* are not those of the device that they name; None if they may be.

    *devices*: those of the machine, None if unknown. *runtime*, *asked*: as for `clock_doubt`. The reference runtime
    computes the same on all compute units, and has no devices.
    """
    device = _DEVICE.get(units)
    if runtime != "coreml" or asked == "coreml" or device is None or devices is None or device in devices:
        return None
    return Reason(Cause.NO_DEVICE, device)


def clock_doubt(runtime: str, asked: str, machine: Identity) -> Reason | None:
    """Return the reason why times are not judged; None if they are.

    *runtime*: the one that executed the model, `coreml` or `reference`. *asked*: the value of the runtime option.
    """
    if runtime == "reference":
        return None if asked == "reference" else Reason(Cause.FOREIGN_CLOCK)
    if asked == "coreml" or not machine.is_mac:
        return None
    if machine.rosetta:
        return Reason(Cause.ROSETTA)
    if machine.virtual:
        return Reason(Cause.VIRTUAL_MAC, machine.model_identifier)
    return None
