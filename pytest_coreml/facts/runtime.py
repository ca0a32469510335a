"""The runtime that executes models, and the compute devices it may use."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from pytest_coreml.facts.compute_units import Device

# Core ML, or the reference runtime where Core ML does not exist.
Runtime = Literal["coreml", "reference"]


@dataclass(frozen=True)
class RuntimeFacts:
    """The runtime of an engine process, and the versions of the software around it.

    *runtime_version*: None for Core ML, whose version is the system's. *threads*, *precision*: of the reference runtime
    only.
    """

    pid: int
    python: str
    coremltools: str
    runtime: Runtime
    runtime_version: str | None
    threads: int | None
    precision: str | None = None


@dataclass(frozen=True)
class DeviceFacts:
    """A compute device that models may use. *cores*: None where the runtime does not report the number."""

    device: Device
    cores: int | None = None
