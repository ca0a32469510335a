"""Damaged packages are refused with a clear error, or run: in bounded time and memory, without a crash."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

SUPPORT = Path(__file__).parents[2] / "support"


@pytest.mark.slow
def test_damaged_packages_are_refused_or_run() -> None:
    """Flipped bytes, cut files, huge sizes, wrong offsets and names, types that lie: 320 cases of a fixed seed.

    Of models with branches, loops, lists, states, compressed weights, images and parts.
    """
    ended = subprocess.run(
        [sys.executable, SUPPORT / "fuzzing.py", "0", "320"],
        env={**os.environ, "PYTHONPATH": str(SUPPORT.parents[1])},
        capture_output=True,
        text=True,
        check=False,
    )

    assert ended.returncode == 0, ended.stdout[-200:] + ended.stderr[-3000:]
    outcomes = json.loads(ended.stdout.splitlines()[-1])
    assert len(outcomes) == 8
    for outcome in outcomes.values():
        assert outcome["ran"] > 0
        assert outcome["BadModelError"] > 0
