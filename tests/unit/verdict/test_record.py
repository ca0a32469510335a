"""A measurement is identified by its key."""

from __future__ import annotations

import pytest
from report_examples import bare_record

from pytest_coreml.facts.load_options import LoadOptions
from pytest_coreml.facts.scenario import Scenario
from pytest_coreml.verdict.record import Record


@pytest.mark.parametrize(
    ("function", "options", "expected"),
    [
        (None, LoadOptions(), "main"),
        ("main", LoadOptions(), "main"),
        ("other", LoadOptions(), "other"),
        ("main", LoadOptions(from_memory=True), "main (from memory)"),
        (None, LoadOptions(hints=(("reshapeFrequency", "Infrequent"),)), "main (reshapeFrequency=Infrequent)"),
        (
            "other",
            LoadOptions(hints=(("allowLowPrecisionAccumulationOnGPU", True),), from_memory=True),
            "other (allowLowPrecisionAccumulationOnGPU=True, from memory)",
        ),
    ],
)
def test_what_was_loaded_and_how_is_part_of_the_key(function, options, expected):
    """A model that was loaded with hints is never compared with the same one without."""
    record = Record("t.py::t", "0" * 64, "Model.mlpackage", "all", function, "coreml", loaded=options.words)

    assert record.key == ("t.py::t", "all", expected)


def test_a_scenario_is_named_in_key_and_subject():
    """It is neither a variant nor a function of a model."""
    scenario = bare_record(model=None, scenarios=(Scenario("chunk", (), 2.0, 0.5),))

    assert "scenario chunk" in scenario.key
    assert scenario.subject == f"{scenario.compute_units}, scenario chunk"
