"""A scenario: a sequence of predictions, of one or several models, measured as one."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pytest_coreml.facts.compute_units import ComputeUnits
    from pytest_coreml.facts.measurement import Measurement


@dataclass(frozen=True)
class ScenarioModel:
    """The part of one model in a scenario."""

    model: str
    """The file name of the model."""
    compute_units: ComputeUnits
    """The compute units that it is loaded for."""
    predictions: float
    """The number of its predictions in one call of the scenario, on average."""
    native_ms: float
    """The native time of these, on average."""
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
    """The median time of a call, with the native time of its predictions in place of the way to the engine and back."""
    between_ms: float
    """The median of the part of that time which is not native: what the caller does between predictions."""
    measurement: Measurement | None = field(default=None, metadata={"reported": False})
    """The samples: the native time of each call is that of all its predictions. A report has them as `predict`."""
