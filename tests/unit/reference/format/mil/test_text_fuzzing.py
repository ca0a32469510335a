"""Damaged texts of ML Programs are refused with a clear error, or read: without a crash, and in bounded time."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from compiled_folders import save_compiled
from fuzzed_models import classifier, palettized, stateful

SUPPORT = Path(__file__).parents[4] / "support"


@pytest.mark.slow
def test_damaged_texts_are_refused_or_read(tmp_path: Path) -> None:
    """Cut texts, changed tokens, foreign pieces, repeated passages: 600 cases of a fixed seed, in both dialects."""
    texts = []
    for index, build in enumerate((stateful, palettized, classifier)):
        build().save(str(tmp_path / f"{index}.mlpackage"))
        version = (1, 3) if index else (1, 0)
        folder = save_compiled(tmp_path / f"{index}.mlpackage", tmp_path / f"{index}.mlmodelc", version)
        texts.append(str(folder / "model.mil"))

    ended = subprocess.run(
        [sys.executable, SUPPORT / "text_fuzzing.py", "0", "600", *texts],
        env={**os.environ, "PYTHONPATH": str(SUPPORT.parents[1])},
        capture_output=True,
        text=True,
        check=False,
    )

    assert ended.returncode == 0, ended.stdout[-200:] + ended.stderr[-3000:]
    outcomes = json.loads(ended.stdout.splitlines()[-1])
    assert set(outcomes) == {"read", "BadModelError", "UnsupportedModelError"}
    assert outcomes["BadModelError"] > 300
