"""One value that the schema does not allow fails its own test, and leaves the report of all others."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest
from report_examples import MACHINE, MEASUREMENT, RECORD, SHA256, SPEC, record

from pytest_coreml.report.document.build import build_report
from pytest_coreml.report.document.fitting import fit
from pytest_coreml.report.document.schema import validate


def test_what_fits_is_unchanged():
    """The example has every field."""
    assert fit([RECORD], {SHA256: SPEC}) == ([RECORD], {SHA256: SPEC}, [])


@pytest.mark.parametrize(
    ("odd", "field"),
    [
        (
            record(predict=replace(MEASUREMENT, native_ms=(1.0, -0.5, 1.0, 1.0))),
            "predict.native_ms[1]: expected",
        ),
        (record(memory_mb="many"), "must be real number"),
        (record(memory_mb=Decimal(50)), "Decimal is not JSON"),
        (record(predict=replace(MEASUREMENT, warmup=-1)), "predict.warmup: expected at least 0, got -1"),
        (record(line=0), "line: expected at least 1, got 0"),
    ],
)
def test_a_record_that_does_not_fit_is_one_of_a_failed_test(odd, field):
    """The problem names the field; the record of the other test is kept as it is, and the report is valid."""
    other = record(id="test_a.py::test_other")

    records, models, problems = fit([odd, other], {SHA256: SPEC})

    assert len(problems) == 1
    assert problems[0].startswith("Encoder.mlpackage on cpuAndNeuralEngine: ")
    assert field in problems[0]
    assert records[1] == other
    assert (records[0].id, records[0].outcome, records[0].predict) == (odd.id, "failed", None)
    assert field in records[0].notes[0]
    validate(build_report(records, models.values(), MACHINE))


def test_a_model_that_does_not_fit_is_left_out():
    """Its tests stay in the report, and name it by its digest."""
    records, models, problems = fit([RECORD], {SHA256: replace(SPEC, specification_version=-5)})

    assert problems == ["Encoder.mlpackage: specification_version: expected at least 0, got -5"]
    assert models == {}
    assert records == [RECORD]
    validate(build_report(records, models.values(), MACHINE))
