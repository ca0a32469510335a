"""The descriptions of the markers, which `pytest --markers` shows."""

from __future__ import annotations

from typing import Final

from pytest_coreml.facts.metrics import AGREEMENT_METRICS, BUDGET_METRICS

DESCRIPTIONS: Final = {
    "coreml_model": (
        "coreml_model(*sources, function=None, inputs=None, against=None): the model under test: a path (relative to "
        "the test file, then the rootdir) or a callable that returns an MLModel or a path; several sources make one "
        "test each"
    ),
    "coreml_compute_units": (
        "coreml_compute_units(*units): run the test once for each: all, cpuAndGPU, cpuOnly, cpuAndNeuralEngine"
    ),
    "coreml_budget": (
        f"coreml_budget({', '.join(metric.name for metric in BUDGET_METRICS)}, scenario, compute_units): limits, in "
        "the unit that the name says"
    ),
    "coreml_placement": (
        "coreml_placement(forbid, min_share, by, allow, max_transitions, max_moved, observed, compute_units): rules "
        "for the planned placement, and for the devices that are observed"
    ),
    "coreml_boundary": (
        "coreml_boundary(forbid_casts, max_bytes, compute_units): limits on what crosses the model's boundary in a call"
    ),
    "coreml_variants": (
        "coreml_variants(*presets, **callables): run the test for the original and for each variant of it: presets "
        "such as int8, palette-4 or sparse-50+palette-4, and callables that make one MLModel of another"
    ),
    "coreml_agreement": (
        f"coreml_agreement(reference, inputs, outputs, {', '.join(metric.name for metric in AGREEMENT_METRICS)}, "
        "margin, finite=True, varying=True, repeatable=True, compute_units): limits for the difference of the outputs "
        "from a reference: compute units, 'original', a model, an .npz of outputs, or a callable from inputs to "
        "outputs; without one, of all compute units of the test from each other"
    ),
    "coreml_device_report": (
        "coreml_device_report(*globs): judge the budgets and placement rules of the test by device reports of its model"
    ),
}
