"""The changes against a baseline in lines."""

from __future__ import annotations

import math

from pytest_coreml.facts.agreement import NonFinite
from pytest_coreml.facts.model_boundary import Conversion, Crossing, HandedCache
from pytest_coreml.report.text.changes_text import changes_lines
from pytest_coreml.verdict.regression.agreement_drops import AgreementDrop
from pytest_coreml.verdict.regression.boundary_changes import BoundaryChanges, CrossingChange
from pytest_coreml.verdict.regression.changes import Changes


def test_a_drop_of_agreement_names_reference_output_and_measures() -> None:
    """Before and now, with the unit of each measure; equal outputs by that word."""
    drops = (
        AgreementDrop("cpuOnly", "logits", {"psnr": (52.04, 38.4), "max_abs": (0.0125, 0.05)}),
        AgreementDrop("cpuOnly", "boxes", {"psnr": (math.inf, 60.0), "max_abs": (0.0, 0.001)}),
        AgreementDrop("original", "logits", non_finite=NonFinite(2, (0,), "nan")),
    )

    of_units, of_original = changes_lines(Changes(drops=drops))

    assert of_units == (
        "less agreement with cpuOnly: logits (PSNR 52.0 dB -> 38.4 dB, largest difference 0.0125 -> 0.05), "
        "boxes (identical before, now PSNR 60 dB, largest difference 0.001)"
    )
    assert of_original == "less agreement with original: logits (not comparable now, nan for input 2)"


def test_a_changed_boundary_is_told_as_inspect_prints_it() -> None:
    """Each input and output before and now; no more than five by name."""
    cast = Crossing("x", "float32", "float16", 256, (Conversion("cast", "float32", "float16"),))
    out = Crossing("y", "float32", "float16", 4000, (Conversion("cast", "float16", "float32"),))
    half = Crossing("x", "float16", "float16", 128)
    changes = [CrossingChange("input", "x", cast, half), CrossingChange("output", "y", out, None)]
    more = [CrossingChange("input", f"x{number}", None, half) for number in range(7)]
    caches = (HandedCache("keys", "new_keys", 2_000_000),)

    lines = changes_lines(Changes(boundary=BoundaryChanges((*changes, *more), caches, caches)))

    assert lines[:3] == [
        "input x: float32, cast to float16; 256 bytes -> float16; 128 bytes",
        "output y: float32 from float16, cast to float32; 4 kB -> none",
        "input x0: none -> float16; 128 bytes",
    ]
    assert lines[5:] == [
        "4 more inputs and outputs differ at the boundary",
        "newly passed in and returned updated: keys as new_keys (2 MB)",
        "no longer passed in and returned: keys as new_keys (2 MB)",
    ]
