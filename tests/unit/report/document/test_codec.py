"""Records and models survive being sent or stored as JSON."""

from __future__ import annotations

import json
import math

import pytest
from report_examples import MEASUREMENT, OBSERVED, RECORD, SHA256, SPEC, bare_record, record

from pytest_coreml.facts.measurement import Measurement
from pytest_coreml.facts.placement import Operation, Placement
from pytest_coreml.facts.reason import Cause
from pytest_coreml.report.document.codec import decode_model, decode_record, encode_model, encode_record
from pytest_coreml.verdict.check import Check


@pytest.mark.parametrize("original", [RECORD, bare_record(expected_failure=True)], ids=["full", "bare"])
def test_a_record_comes_back_from_json_as_it_was(original):
    """Nothing of a record is lost between a worker and the controller."""
    returned = decode_record(json.loads(json.dumps(encode_record(original))))

    assert returned == original


def test_observed_devices_come_back_from_json_as_they_were():
    """Counters with their values, and the text and code of a reason."""
    entry = json.loads(json.dumps(encode_record(record(observed=OBSERVED))))
    returned = decode_record(entry).observed

    assert returned is not None
    assert (returned.counters, returned.notes, returned.calls) == (OBSERVED.counters, OBSERVED.notes, 17)
    assert returned.result("neuralEngine").cause is Cause.NEVER_MOVED
    assert returned.result("gpu") == OBSERVED.result("gpu")
    assert [counter["moved"] for counter in entry["observed"]["counters"]] == [False, True]


def test_a_model_comes_back_from_json_as_it_was():
    """Nothing of a model's description is lost, tuples included."""
    returned = decode_model(SHA256, json.loads(json.dumps(encode_model(SPEC))))

    assert returned == SPEC


def test_a_report_without_the_comparison_of_versions_is_read():
    """Reports that were written before there was a field for it stay valid."""
    entry = encode_record(RECORD)
    del entry["duet"]

    assert decode_record(entry) == record(duet=None)


def test_an_entry_has_the_promised_names():
    """The names of the fields are a contract with everyone who reads reports."""
    promised = {
        *("id", "model", "compute_units", "function", "runtime", "outcome", "load", "predict"),
        *("memory_mb", "placement", "checks", "regression"),
    }

    assert promised <= set(encode_record(RECORD))


def test_figures_are_made_of_the_undisturbed_calls():
    """The stored median is the one that budgets are judged by."""
    predict = encode_record(RECORD)["predict"]

    assert predict["undisturbed"] == 3
    assert predict["median_ms"] == MEASUREMENT.median_ms


def test_a_plan_that_nobody_read_is_unknown():
    """Every entry says something of placement: a reader need not ask whether it is there."""
    placement = encode_record(bare_record())["placement"]

    assert placement == {
        "status": "unknown",
        "cause": "no plan read",
        "reason": "no plan was read",
        "cost_reason": None,
        "share": {"ops": {}, "cost": None},
        "ops": [],
    }


def test_shares_stand_beside_the_operations():
    """A reader of the report needs no arithmetic to see the shares."""
    placement = encode_record(RECORD)["placement"]

    assert placement["status"] == "planned"
    assert placement["share"] == {
        "ops": {"cpu": 0.5, "neuralEngine": 0.5},
        "cost": {"cpu": 0.25, "neuralEngine": 0.75},
    }


def test_an_unknown_placement_has_no_shares():
    """A plan that names no device is unknown, not an empty share of every device."""
    unknown = record(placement=Placement((Operation("x", "conv", None, (), None, "main"),), reason="no plan"))

    placement = encode_record(unknown)["placement"]

    assert placement["status"] == "unknown"
    assert placement["reason"] == "no plan"
    assert placement["share"] == {"ops": {}, "cost": None}


def test_a_plan_without_cost_has_no_share_of_cost():
    """Shares of a cost that is not there are null, never zero."""
    without = record(placement=Placement((Operation("x", "conv", "cpu", ("cpu",), None, "main"),)))

    assert encode_record(without)["placement"]["share"] == {"ops": {"cpu": 1.0}, "cost": None}


def test_an_infinite_value_is_written_as_unknown():
    """JSON has no infinity; a rate of calls that took no measurable time becomes null."""
    infinite = record(checks=[Check("min_fps", 30, math.inf, "passed")])

    assert encode_record(infinite)["checks"][0]["value"] is None


def test_a_measurement_without_samples_is_none():
    """No figure can be made of no samples, so nothing was measured."""
    empty = record(predict=Measurement((), (), None, warmup=0))

    assert encode_record(empty)["predict"] is None
