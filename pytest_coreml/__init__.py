"""Performance tests for Core ML models, in pytest.

The names below are what a test author may import. They are loaded when first used: importing the package costs
nothing, since pytest imports it in every run in which the plugin is installed.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pytest_coreml._version import __version__
    from pytest_coreml.facts.advice import Advice
    from pytest_coreml.facts.author_notes import ModelMetadata
    from pytest_coreml.facts.io import IO
    from pytest_coreml.facts.measurement import LoadTimes, Measurement
    from pytest_coreml.facts.model_boundary import Boundary
    from pytest_coreml.facts.model_spec import Feature, ModelSpec
    from pytest_coreml.facts.observed import Counter, DeviceObserved, Observed
    from pytest_coreml.facts.placement import Operation, Placement
    from pytest_coreml.facts.scenario import Scenario, ScenarioModel
    from pytest_coreml.session.model import CoreMLModel
    from pytest_coreml.session.model_state import CoreMLState
    from pytest_coreml.session.reported_devices import DeviceReport, DeviceReports

__all__ = [
    "Advice",
    "Boundary",
    "CoreMLModel",
    "CoreMLState",
    "Counter",
    "DeviceObserved",
    "DeviceReport",
    "DeviceReports",
    "IO",
    "LoadTimes",
    "Measurement",
    "ModelMetadata",
    "ModelSpec",
    "Feature",
    "Observed",
    "Operation",
    "Placement",
    "Scenario",
    "ScenarioModel",
    "__version__",
]

_HOMES = {
    "Advice": "pytest_coreml.facts.advice",
    "Boundary": "pytest_coreml.facts.model_boundary",
    "CoreMLModel": "pytest_coreml.session.model",
    "CoreMLState": "pytest_coreml.session.model_state",
    "Counter": "pytest_coreml.facts.observed",
    "DeviceObserved": "pytest_coreml.facts.observed",
    "DeviceReport": "pytest_coreml.session.reported_devices",
    "DeviceReports": "pytest_coreml.session.reported_devices",
    "Feature": "pytest_coreml.facts.model_spec",
    "IO": "pytest_coreml.facts.io",
    "LoadTimes": "pytest_coreml.facts.measurement",
    "Measurement": "pytest_coreml.facts.measurement",
    "ModelMetadata": "pytest_coreml.facts.author_notes",
    "ModelSpec": "pytest_coreml.facts.model_spec",
    "Observed": "pytest_coreml.facts.observed",
    "Operation": "pytest_coreml.facts.placement",
    "Placement": "pytest_coreml.facts.placement",
    "Scenario": "pytest_coreml.facts.scenario",
    "ScenarioModel": "pytest_coreml.facts.scenario",
    "__version__": "pytest_coreml._version",
}


if not TYPE_CHECKING:
    # A type checker that saw it would take every misspelled name for Any.
    def __getattr__(name: str) -> object:
        """Load a public name from the module that owns it."""
        if name not in _HOMES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        return getattr(importlib.import_module(_HOMES[name]), name)
