"""A scenario: a sequence of predictions, of one or several models, measured as one."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pytest_coreml.facts.compute_units import ComputeUnits
    from pytest_coreml.facts.measurement import Measurement


@dataclass(frozen=True)
class ScenarioModel:
    """The share of one model in a scenario."""

    model: str
    """The file name of the model."""
    compute_units: ComputeUnits
    """The compute units that it is loaded for."""
    predictions: float
    """The number of its predictions in one call of the scenario, on average."""
    native_ms: float
    """The native time of these in ms, on average."""
    share: float
    """Its share of the native time of the scenario, 0 to 1."""


@dataclass(frozen=True)
class Scenario:
    """A measured scenario."""

    name: str
    """The name that the test gives it."""
    models: tuple[ScenarioModel, ...]
    """The models that it uses, in the order of their first prediction."""
    wall_ms: float
    """The median time of a call in ms, without the communication with the engine process."""
    between_ms: float
    """The median of the part of that time between predictions, in ms: the caller's code."""
    measurement: Measurement | None = field(default=None, metadata={"reported": False})
    """The samples. The native time of a call is that of all its predictions. The report has them as `predict`."""
