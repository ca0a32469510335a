"""Runs a script that damages models, in a separate process, which it may crash."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

SUPPORT = Path(__file__).parent


def run_fuzzing(script: str, *arguments: str) -> dict[str, Any]:
    """Return the outcomes that *script* counts; its end by an error is a failure."""
    ended = subprocess.run(
        [sys.executable, SUPPORT / script, *arguments],
        env={**os.environ, "PYTHONPATH": str(SUPPORT.parents[1])},
        capture_output=True,
        text=True,
        check=False,
    )

    assert ended.returncode == 0, ended.stdout[-200:] + ended.stderr[-3000:]
    outcomes: dict[str, Any] = json.loads(ended.stdout.splitlines()[-1])
    return outcomes
