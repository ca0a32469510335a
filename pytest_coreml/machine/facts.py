"""Facts about a machine: plain data, None if unknown."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Cores:
    """The cores of the processor."""

    total: int | None = None
    """The number of logical cores."""
    performance: int | None = None
    """The number of performance cores; None if all cores are of one kind."""
    efficiency: int | None = None
    """The number of efficiency cores; None if all cores are of one kind."""
    physical: int | None = None
    """The number of physical cores."""


@dataclass(frozen=True)
class System:
    """The operating system, such as `macOS`, `26.5.1`, `25F80`."""

    name: str
    version: str | None = None
    build: str | None = None


@dataclass(frozen=True)
class Gpu:
    """A graphics processor."""

    name: str | None = None
    cores: int | None = None


@dataclass(frozen=True)
class Identity:
    """The facts about a machine that do not change while it runs."""

    system: System
    """The operating system."""
    chip: str | None = None
    """The name of the processor."""
    model_identifier: str | None = None
    """Apple's identifier of the model, such as `Mac16,8`."""
    cores: Cores = field(default_factory=Cores)
    """The cores of the processor."""
    memory_bytes: int | None = None
    """The size of the memory, in bytes."""
    virtual: bool | None = None
    """True for a virtual machine."""
    rosetta: bool | None = None
    """True if Rosetta translates Python from x86-64 on Apple silicon."""
    gpu: Gpu = field(default_factory=Gpu)
    """The first graphics processor."""

    @property
    def is_mac(self) -> bool:
        """True for a Mac."""
        return self.system.name == "macOS"


@dataclass(frozen=True)
class Conditions:
    """The conditions of a machine at one moment."""

    thermal: str | None = None
    """The thermal state: `nominal`, or the system's name for its pressure to lower the clock."""
    power_source: str | None = None
    """The power source: `AC Power`, `Battery Power`, `UPS Power`."""
    low_power_mode: bool | None = None
    """True if low-power mode is on."""
    memory_pressure: str | None = None
    """The memory pressure: `normal`, `warning`, `critical`."""
    swap_bytes: int | None = None
    """The swap in use, in bytes."""
