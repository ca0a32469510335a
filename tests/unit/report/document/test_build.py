"""A report is built from records, models and machines."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from pathlib import Path

from report_examples import MACHINE, RECORD, SHA256, SPEC, record

from pytest_coreml import __version__
from pytest_coreml.facts.observed import DeviceObserved, Observed
from pytest_coreml.report.document.build import build_report
from pytest_coreml.verdict.check import Check
from pytest_coreml.verdict.regression.prediction_time import Regression


def test_the_head_says_what_made_the_report_and_when():
    """Time is in UTC wherever the machine stands."""
    summer_time = datetime(2026, 5, 4, 14, 30, tzinfo=timezone(timedelta(hours=2)))

    document = build_report([], [], MACHINE, created=summer_time)

    assert document["schema_version"] == 1
    assert document["created"] == "2026-05-04T12:30:00Z"
    assert document["tool"] == {"name": "pytest-coreml", "version": __version__}
    assert document["machine"] == MACHINE


def test_models_stand_under_their_hash():
    """Several tests of one model share its description."""
    document = build_report([RECORD, RECORD], [SPEC], MACHINE)

    assert list(document["models"]) == [SHA256]
    assert [test["model"] for test in document["tests"]] == [SHA256, SHA256]


def test_further_machines_are_there_only_when_there_are_any():
    """A run on one machine has no empty map."""
    assert "machines" not in build_report([], [], MACHINE)
    assert build_report([], [], MACHINE, {"gw1": MACHINE})["machines"] == {"gw1": MACHINE}


def test_the_home_folder_is_not_in_a_report():
    """Reports are shared, so that they do not name a user."""
    private = f"no model at {Path.home()}/models"
    unjudged = Regression(0, None, None, "not_judged", private, against="Old.mlpackage")
    unseen = Observed(notes=(private,), devices=(DeviceObserved("gpu", "unavailable", reason=private),))
    checks = [Check("size_mb", 1, None, "not_judged", private)]
    told = record(notes=[private], checks=checks, duet=unjudged, observed=unseen)

    entry = build_report([told], [], MACHINE)["tests"][0]

    assert entry["notes"] == ["no model at ~/models"]
    assert entry["checks"][0]["reason"] == "no model at ~/models"
    assert entry["duet"]["reason"] == "no model at ~/models"
    assert entry["observed"]["notes"] == ["no model at ~/models"]
    assert entry["observed"]["devices"][0]["reason"] == "no model at ~/models"
