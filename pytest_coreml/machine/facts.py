"""Facts about a machine: plain data. None is unknown."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Cores:
    """Processor cores; *total*: logical ones. *performance*, *efficiency*: None where there is no difference."""

    total: int | None = None
    performance: int | None = None
    efficiency: int | None = None
    physical: int | None = None


@dataclass(frozen=True)
class System:
    """The operating system, as `macOS`, `26.5.1`, `25F80`."""

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
    """What a machine is, which stays as it is while it runs.

    *model_identifier*: Apple's, as `Mac16,8`. *virtual*: a virtual machine. *rosetta*: Python runs translated from
    x86-64 on Apple silicon.
    """

    system: System
    chip: str | None = None
    model_identifier: str | None = None
    cores: Cores = field(default_factory=Cores)
    memory_bytes: int | None = None
    virtual: bool | None = None
    rosetta: bool | None = None
    gpu: Gpu = field(default_factory=Gpu)

    @property
    def is_mac(self) -> bool:
        """Whether it is a Mac."""
        return self.system.name == "macOS"


@dataclass(frozen=True)
class Conditions:
    """How a machine does at one moment.

    *thermal*: `nominal`, or the system's word for its pressure to lower the clock. *power_source*: `AC Power`,
    `Battery Power`. *memory_pressure*: `normal`, `warning`, `critical`. *swap_bytes*: swap in use.
    """

    thermal: str | None = None
    power_source: str | None = None
    low_power_mode: bool | None = None
    memory_pressure: str | None = None
    swap_bytes: int | None = None
