"""Names of markers and fixtures, and what they tell of a test.

Imported in every run in which the plugin is installed, so it imports only the table of metrics, which is cheap.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from pytest_coreml.facts.metrics import BUDGET_METRICS

if TYPE_CHECKING:
    import pytest

MODEL_SUFFIXES: Final = (".mlmodel", ".mlpackage")
# Returns the run of this pytest process to the other fixtures.
RUN_FIXTURE: Final = "_coreml_run"
# Returns the source that the fixtures of models load.
SOURCE_FIXTURE: Final = "_coreml_source"
# The fixtures of models, with the compute units that their names stand for.
FIXTURES: Final = {
    "coreml_model": None,
    "coreml_all": "all",
    "coreml_cpu_only": "cpuOnly",
    "coreml_cpu_and_gpu": "cpuAndGPU",
    "coreml_cpu_and_neural_engine": "cpuAndNeuralEngine",
    "coreml_load": None,
}
MARKS: Final = {
    "coreml_model": (
        "coreml_model(*sources, function=None, inputs=None, against=None): the model under test: a path (relative to "
        "the test file, then the rootdir) or a callable that returns an MLModel or a path; several sources make one "
        "test each"
    ),
    "coreml_compute_units": (
        "coreml_compute_units(*units): run the test once for each: all, cpuAndGPU, cpuOnly, cpuAndNeuralEngine"
    ),
    "coreml_budget": (
        f"coreml_budget({', '.join(metric.name for metric in BUDGET_METRICS)}, compute_units): limits, in the unit "
        "that the name says"
    ),
    "coreml_placement": (
        "coreml_placement(forbid, min_share, by, allow, max_transitions, compute_units): rules for the planned "
        "placement"
    ),
}


def uses_fixture(item: pytest.Item) -> bool:
    """Return True if a fixture of ours is among those of *item*."""
    return any(name.startswith(("coreml_", "_coreml_")) for name in getattr(item, "fixturenames", ()))


def is_concerned(item: pytest.Item) -> bool:
    """Return True if *item* has a fixture or a marker of ours, or one whose name looks like it."""
    return uses_fixture(item) or any(mark.name.startswith("coreml_") for mark in item.iter_markers())
