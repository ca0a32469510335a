"""The names of compute units and devices, and the spellings that users may write."""

from __future__ import annotations

from typing import Final, Literal, cast

from pytest_coreml.errors import UsageError, did_you_mean

ComputeUnits = Literal["all", "cpuAndGPU", "cpuOnly", "cpuAndNeuralEngine"]
Device = Literal["cpu", "gpu", "neuralEngine"]

COMPUTE_UNITS: Final[tuple[ComputeUnits, ...]] = ("all", "cpuAndGPU", "cpuOnly", "cpuAndNeuralEngine")
DEVICES: Final[tuple[Device, ...]] = ("cpu", "gpu", "neuralEngine")

# Names, never integers: Apple's raw values and coremltools' enum values differ
# (https://developer.apple.com/documentation/coreml/mlcomputeunits).
COREMLTOOLS_NAMES: Final[dict[ComputeUnits, str]] = {
    "all": "ALL",
    "cpuAndGPU": "CPU_AND_GPU",
    "cpuOnly": "CPU_ONLY",
    "cpuAndNeuralEngine": "CPU_AND_NE",
}

# The devices that Core ML may use with each of the compute units. The CPU is always among them.
ALLOWED_DEVICES: Final[dict[ComputeUnits, tuple[Device, ...]]] = {
    "all": ("cpu", "gpu", "neuralEngine"),
    "cpuAndGPU": ("cpu", "gpu"),
    "cpuOnly": ("cpu",),
    "cpuAndNeuralEngine": ("cpu", "neuralEngine"),
}

_SPELLINGS: Final[dict[str, ComputeUnits]] = {
    **{units.lower(): units for units in COMPUTE_UNITS},
    **{name.lower(): units for units, name in COREMLTOOLS_NAMES.items()},
}
_DEVICE_SPELLINGS: Final[dict[str, Device]] = {device.lower(): device for device in DEVICES}


def parse_compute_units(text: object) -> ComputeUnits:
    """Return the Swift name for a Swift or coremltools name, ignoring case; raise `UsageError` for anything else."""
    return cast("ComputeUnits", _look_up(text, _SPELLINGS, "compute units", COMPUTE_UNITS))


def parse_device(text: object) -> Device:
    """Return the device for its name, ignoring case; raise `UsageError` for anything else."""
    return cast("Device", _look_up(text, _DEVICE_SPELLINGS, "device", DEVICES))


def _look_up(
    text: object, spellings: dict[str, ComputeUnits] | dict[str, Device], what: str, names: tuple[str, ...]
) -> str:
    # An enum of coremltools (`ct.ComputeUnit.ALL`) is named by its member's name.
    word = text if isinstance(text, str) else getattr(text, "name", None)
    if isinstance(word, str) and word.strip().lower() in spellings:
        return spellings[word.strip().lower()]
    expected = ", ".join(names)
    raise UsageError(f"unknown {what} {text!r}, expected one of {expected}{did_you_mean(word, names)}")
