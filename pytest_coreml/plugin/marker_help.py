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
        "coreml_compute_units(*units): run the test once for each of these compute units: all, cpuAndGPU, cpuOnly, "
        "cpuAndNeuralEngine"
    ),
    "coreml_budget": (
        f"coreml_budget({', '.join(metric.name for metric in BUDGET_METRICS)}, scenario, compute_units): limits "
        "on time, size and memory; the suffix of a name is its unit"
    ),
    "coreml_placement": (
        "coreml_placement(forbid, min_share, by, allow, max_transitions, max_moved, observed, compute_units): rules "
        "for the devices that are planned, or observed, to run the model"
    ),
    "coreml_boundary": (
        "coreml_boundary(forbid_casts, max_bytes, compute_units): limits on the casts and bytes of a call's inputs and "
        "outputs"
    ),
    "coreml_variants": (
        "coreml_variants(*presets, **callables): run the test for the original model and for each variant: "
        "presets such as int8, palette-4 or sparse-50+palette-4, and callables that convert one MLModel into another"
    ),
    "coreml_agreement": (
        f"coreml_agreement(reference, inputs, outputs, {', '.join(metric.name for metric in AGREEMENT_METRICS)}, "
        "margin, finite=True, varying=True, repeatable=True, compute_units): limits on the difference between the "
        "outputs and a reference: compute units, 'original', a model, an .npz of outputs, or a callable from inputs to "
        "outputs; without a reference, between all compute units of the test"
    ),
    "coreml_device_report": (
        "coreml_device_report(*globs): judge the budgets and placement rules of the test by device reports of its model"
    ),
}
