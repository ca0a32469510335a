"""Inputs, outputs and caches that cross the boundary in another way than in the baseline."""

from __future__ import annotations

from dataclasses import replace

from pytest_coreml.facts.model_boundary import Boundary, Conversion, Crossing, HandedCache, Remedy
from pytest_coreml.verdict.regression.boundary_changes import BoundaryChanges, CrossingChange, find_boundary_changes

CAST = Crossing("x", "float32", "float16", 256, (Conversion("cast", "float32", "float16"),), Remedy("float16"))
HALF = Crossing("x", "float16", "float16", 128)
LOGITS = Crossing("logits", "float32", "float32", 4000)
CACHE = HandedCache("keys", "new_keys", 1000)


def test_types_conversions_and_bytes_are_compared() -> None:
    """The order of inputs says nothing, and advice is not a fact about the model."""
    before, mask = Boundary((CAST,), (LOGITS,)), Crossing("mask", "int32", None, 32)
    moved = replace(LOGITS, size_bytes=8000)

    assert not find_boundary_changes(before, before)
    assert not find_boundary_changes(Boundary((CAST, mask)), Boundary((mask, replace(CAST, remedy=None))))
    assert find_boundary_changes(before, Boundary((HALF,), (moved,))).crossings == (
        CrossingChange("input", "x", CAST, HALF),
        CrossingChange("output", "logits", LOGITS, moved),
    )
    twice = replace(CAST, conversions=(replace(CAST.conversions[0], count=2),))
    assert find_boundary_changes(before, Boundary((twice,), (LOGITS,)))


def test_an_input_that_is_new_or_gone_is_named() -> None:
    """A renamed output is both."""
    renamed = replace(LOGITS, name="scores")

    assert find_boundary_changes(Boundary((HALF,), (LOGITS,)), Boundary((HALF,), (renamed,))).crossings == (
        CrossingChange("output", "logits", LOGITS, None),
        CrossingChange("output", "scores", None, renamed),
    )


def test_caches_of_one_side_are_named() -> None:
    """A cache that became a state is not handed in and back any more."""
    before, now = Boundary((HALF,), caches=(CACHE,)), Boundary((HALF,))

    assert find_boundary_changes(before, now) == BoundaryChanges(vanished=(CACHE,))
    assert find_boundary_changes(now, before) == BoundaryChanges(appeared=(CACHE,))


def test_what_is_unknown_has_not_changed() -> None:
    """An old report, a program that could not be read, bytes that are unknown, another function of the file."""
    before = Boundary((CAST,), caches=(CACHE,))
    blind = replace(CAST, computed=None, conversions=(), remedy=None)

    for now in (
        Boundary(),
        Boundary((blind,), why_unknown="the program of this model cannot be read"),
        Boundary((replace(CAST, size_bytes=None),), caches=(CACHE,)),
        Boundary((HALF,), function="decode"),
    ):
        assert not find_boundary_changes(before, now)
        assert not find_boundary_changes(now, before)
