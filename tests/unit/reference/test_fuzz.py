"""Damaged packages are refused with a clear error, or run: in bounded time and memory, without a crash."""

from __future__ import annotations

import pytest
from fuzz_runs import run_fuzzing


@pytest.mark.slow
def test_damaged_packages_are_refused_or_run() -> None:
    """Flipped bytes, cut files, huge sizes, wrong offsets and names, types that lie: 320 cases of a fixed seed.

    Of models with branches, loops, lists, states, compressed weights, images and parts.
    """
    outcomes = run_fuzzing("fuzzing.py", "0", "320")

    assert len(outcomes) == 8
    for outcome in outcomes.values():
        assert outcome["ran"] > 0
        assert outcome["BadModelError"] > 0
