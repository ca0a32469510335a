"""The boundary is judged by the model's description, and an unknown boundary passes nothing."""

from __future__ import annotations

from pytest_coreml.facts.limits import BoundaryRule
from pytest_coreml.facts.model_boundary import Boundary, Conversion, Crossing, HandedCache, Remedy
from pytest_coreml.facts.reason import Cause
from pytest_coreml.report.text.causes import reason_text
from pytest_coreml.verdict.boundary_rules import judge_boundary

CAST = Conversion("cast", "float32", "float16")
X = Crossing("x", "float32", "float16", 256, (CAST,), Remedy("float16", "iOS 16"))
IDS = Crossing("ids", "int32", "uint16", 32, (Conversion("cast", "int32", "uint16"),), Remedy(None))
Y = Crossing("y", "float16", "float16", 2000)


def judge_one(boundary, **limits):
    """Judge one limit."""
    (check,) = judge_boundary(BoundaryRule(**limits), boundary, "all")
    return check


def test_a_cast_that_another_type_would_remove_fails():
    """It is named, with the type and the target that has it."""
    check = judge_one(Boundary((X, IDS), (Y,)), forbid_casts=True)

    assert (check.verdict, check.value, check.limit) == ("failed", 1, 0)
    assert reason_text(check.reason) == (
        "x (float32 to float16); declare float16 (iOS 16) instead; pytest-coreml inspect prints the call that changes "
        "it"
    )


def test_a_cast_that_nothing_removes_passes_with_a_word():
    """The reason does not blame the model."""
    check = judge_one(Boundary((IDS,), (Y,)), forbid_casts=True)

    assert (check.verdict, check.cause) == ("passed", Cause.UNAVOIDABLE_CASTS)
    assert reason_text(check.reason) == "not counting conversions that no declared type removes: ids (int32 to uint16)"


def test_no_cast_passes():
    """Nothing more is said."""
    assert judge_one(Boundary((), (Y,)), forbid_casts=True).verdict == "passed"


def test_conversions_that_cannot_be_seen_are_not_judged():
    """As those of a neural network, or of no model at all."""
    assert judge_one(Boundary((Y,), (Y,), why_unknown="no types"), forbid_casts=True).verdict == "not_judged"
    assert judge_one(Boundary(), forbid_casts=True).verdict == "not_judged"


def test_bytes_are_judged_by_their_sum():
    """A value equal to the limit keeps it."""
    boundary = Boundary((X,), (Y,))

    assert judge_one(boundary, max_bytes=2256).verdict == "passed"
    assert judge_one(boundary, max_bytes=2255).verdict == "failed"


def test_too_many_bytes_name_the_caches():
    """The text suggests states."""
    check = judge_one(Boundary((X,), (Y,), (HandedCache("x", "y", 2256),)), max_bytes=100)

    assert reason_text(check.reason) == (
        "passed in and returned updated: x -> y, 2.26 kB in each call; states keep them inside (ct.StateType, "
        "deployment target iOS 18)"
    )


def test_an_unknown_size_is_a_lower_bound():
    """A value above the limit fails, and one below does not prove it while others are unknown."""
    boundary = Boundary((X, Crossing("words", "dictionary")), (Y,))

    assert judge_one(boundary, max_bytes=100).verdict == "failed"
    check = judge_one(boundary, max_bytes=10_000)
    assert (check.verdict, reason_text(check.reason)) == ("not_judged", "the size of words is unknown")


def test_a_rule_for_other_compute_units_judges_nothing():
    """It is for them alone."""
    assert judge_boundary(BoundaryRule(forbid_casts=True, compute_units=("cpuOnly",)), Boundary((X,)), "all") == []
