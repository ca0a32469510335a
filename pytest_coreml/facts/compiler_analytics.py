"""The notes of Core ML's compiler on the operations of a program, in `analytics.mil`: plain data.

The file is undocumented. What is read of it explains a plan, and judges nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pytest_coreml.facts.compute_units import Device

# The backends of each device; others may appear with a new system.
DEVICE_OF_BACKEND: Final[Mapping[str, Device]] = {
    "ane": "neuralEngine",
    "classic_cpu": "cpu",
    "bnns": "cpu",
    "e5_minimal_cpu": "cpu",
    "mlc": "cpu",
    "mps_graph": "gpu",
}


@dataclass(frozen=True)
class CompiledOperation:
    """One operation of the file."""

    operator: str
    outputs: tuple[str, ...]
    """The names of its outputs, as the compute plan has them."""
    selected: str | None = None
    """The backend that was chosen; None if the file does not say."""
    supported: frozenset[str] = frozenset()
    """The backends that can run it."""
    estimates_ms: Mapping[str, float] = field(default_factory=dict)
    """The estimated time of each backend, in ms."""
    refusals: Mapping[str, str] = field(default_factory=dict)
    """The message of each backend that refused it, in the compiler's words."""

    @property
    def device(self) -> Device | None:
        """The device that was chosen; None if unknown."""
        return DEVICE_OF_BACKEND.get(self.selected) if self.selected is not None else None

    @property
    def estimate_ms(self) -> float | None:
        """The estimated time on the chosen backend, in ms; None if the file does not say."""
        return self.estimates_ms.get(self.selected) if self.selected is not None else None


@dataclass(frozen=True)
class CompilerAnalytics:
    """The file of one function."""

    operations: tuple[CompiledOperation, ...] = ()
    """The operations in the order of the program."""
    costs_ms: Mapping[str, float] = field(default_factory=dict)
    """The cost to start a backend (`Launch_ane_ms`) and to change it (`Src_bnns_Dest_ane_ms`), in ms."""
