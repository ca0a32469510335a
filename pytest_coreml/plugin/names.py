"""Names of markers and fixtures, and what they tell of a test.

Imported in every run in which the plugin is installed, so it imports nothing heavy.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import pytest

# Returns the run of this pytest process to the other fixtures.
RUN_FIXTURE: Final = "_coreml_run"
# Returns the source that the fixtures of models load.
SOURCE_FIXTURE: Final = "_coreml_source"
# The device report that a test is judged by.
REPORT_FIXTURE: Final = "_coreml_device_report"
# The fixtures of models, with the compute units that their names stand for.
FIXTURES: Final = {
    "coreml_model": None,
    "coreml_all": "all",
    "coreml_cpu_only": "cpuOnly",
    "coreml_cpu_and_gpu": "cpuAndGPU",
    "coreml_cpu_and_neural_engine": "cpuAndNeuralEngine",
    "coreml_original": None,
    "coreml_load": None,
    # No model is loaded for it; the test is about one all the same.
    "coreml_device_reports": None,
}
MARKS: Final = (
    "coreml_model",
    "coreml_compute_units",
    "coreml_budget",
    "coreml_placement",
    "coreml_boundary",
    "coreml_variants",
    "coreml_agreement",
    "coreml_device_report",
)


def uses_fixture(item: pytest.Item) -> bool:
    """Return True if a fixture of ours is among those of *item*."""
    return any(name.startswith(("coreml_", "_coreml_")) for name in getattr(item, "fixturenames", ()))


def has_model_fixture(metafunc: pytest.Metafunc) -> bool:
    """Return True if a fixture gives the test a model that its markers name."""
    return any(name in metafunc.fixturenames for name in FIXTURES if name != "coreml_load")


def is_concerned(item: pytest.Item) -> bool:
    """Return True if *item* has a fixture or a marker of ours, or one whose name looks like it."""
    return uses_fixture(item) or any(mark.name.startswith("coreml_") for mark in item.iter_markers())
