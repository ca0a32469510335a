"""The names of compute units and devices, and the spellings that users may write."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, Literal, cast

from pytest_coreml.errors import UsageError, did_you_mean, hidden_for_ours, shown

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__tracebackhide__ = hidden_for_ours

ComputeUnits = Literal["all", "cpuAndGPU", "cpuOnly", "cpuAndNeuralEngine"]
Device = Literal["cpu", "gpu", "neuralEngine"]

COMPUTE_UNITS: Final[tuple[ComputeUnits, ...]] = ("all", "cpuAndGPU", "cpuOnly", "cpuAndNeuralEngine")
DEVICES: Final[tuple[Device, ...]] = ("cpu", "gpu", "neuralEngine")
# Those that have counters: nothing counts what Core ML does on the CPU apart from the rest.
OBSERVABLE_DEVICES: Final[tuple[Device, ...]] = ("neuralEngine", "gpu")
# As people call them, in texts.
DEVICE_NAMES: Final[dict[Device, str]] = {"cpu": "CPU", "gpu": "GPU", "neuralEngine": "Neural Engine"}

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
# What people call a device elsewhere, and what they mean here; too unlike our names to be found by likeness, or like
# a wrong one. These are hints only: `gpu` may mean the device or the compute units.
_UNIT_HINTS: Final[dict[str, ComputeUnits]] = {
    **dict.fromkeys(("ane", "ne", "npu", "neuralengine", "cpuandane", "cpuandnpu"), "cpuAndNeuralEngine"),
    **dict.fromkeys(("neuralengineonly", "aneonly", "neonly"), "cpuAndNeuralEngine"),
    **dict.fromkeys(("gpu", "gpuonly", "metal", "mps"), "cpuAndGPU"),
    **dict.fromkeys(("cpu",), "cpuOnly"),
    **dict.fromkeys(("any", "auto", "default"), "all"),
}
_DEVICE_HINTS: Final[dict[str, Device]] = {
    **dict.fromkeys(("ane", "ne", "npu", "neuralengine", "cpuandne", "cpuandneuralengine"), "neuralEngine"),
    **dict.fromkeys(("metal", "mps", "cpuandgpu", "gpuonly"), "gpu"),
    **dict.fromkeys(("cpuonly",), "cpu"),
}
_DEVICE_SPELLINGS: Final[dict[str, Device]] = {device.lower(): device for device in DEVICES}


def parse_compute_units(text: object) -> ComputeUnits:
    """Return the Swift name for a Swift or coremltools name, ignoring case; raise `UsageError` for anything else."""
    return cast("ComputeUnits", _look_up(text, _SPELLINGS, "compute units", _UNIT_HINTS))


def parse_device(text: object) -> Device:
    """Return the device for its name, ignoring case; raise `UsageError` for anything else."""
    return cast("Device", _look_up(text, _DEVICE_SPELLINGS, "device", _DEVICE_HINTS))


def units_hint(word: object, names: Iterable[str]) -> str:
    """Return `; did you mean 'x'?` for the compute units that *word* means elsewhere, or for a similar one of *names*.

    Return an empty text if there is none.
    """
    return _hint(word, _UNIT_HINTS, names)


def _look_up(text: object, spellings: Mapping[str, str], what: str, hints: Mapping[str, str]) -> str:
    # An enum of coremltools (`ct.ComputeUnit.ALL`) is named by its member's name.
    word = text if isinstance(text, str) else getattr(text, "name", None)
    if isinstance(word, str) and word.strip().lower() in spellings:
        return spellings[word.strip().lower()]
    names = dict.fromkeys(spellings.values())
    raise UsageError(f"unknown {what} {shown(text)}, expected one of {', '.join(names)}{_hint(word, hints, names)}")


def _hint(word: object, hints: Mapping[str, str], names: Iterable[str]) -> str:
    meant = hints.get(re.sub(r"[\W_]|^apple", "", word.lower())) if isinstance(word, str) else None
    return f"; did you mean {meant!r}?" if meant else did_you_mean(word, names)
