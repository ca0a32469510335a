"""The runtime that executes models, and the compute devices it may use."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from pytest_coreml.facts.compute_units import Device

# Core ML, or the reference runtime where Core ML does not exist.
Runtime = Literal["coreml", "reference"]
# The Python package by which Core ML is called.
ApiName = Literal["coremltools", "pyobjc"]


@dataclass(frozen=True)
class RuntimeFacts:
    """The runtime of an engine process, and the versions of the software around it."""

    pid: int
    """The process identifier of the engine."""
    python: str
    """The version of Python."""
    coremltools: str
    """The version of coremltools."""
    runtime: Runtime
    """The runtime that executes the models."""
    runtime_version: str | None
    """The version of the runtime; None for Core ML, which has the system's version."""
    threads: int | None
    """The number of threads of the reference runtime; None for Core ML."""
    precision: str | None = None
    """The precision option of the reference runtime; None for Core ML."""
    api: Literal["pyobjc"] | None = None
    """The Python package by which Core ML is called; None for coremltools."""


@dataclass(frozen=True)
class DeviceFacts:
    """A compute device that models may use."""

    device: Device
    """The kind of device."""
    cores: int | None = None
    """The number of its cores; None if the runtime does not report it."""
