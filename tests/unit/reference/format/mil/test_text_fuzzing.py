"""Damaged texts of ML Programs are refused with a clear error, or read: without a crash, and in bounded time."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from compiled_folders import save_compiled
from fuzz_runs import run_fuzzing
from fuzzed_models import classifier, palettized, stateful

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.slow
def test_damaged_texts_are_refused_or_read(tmp_path: Path) -> None:
    """Cut texts, changed tokens, foreign pieces, repeated passages: 600 cases of a fixed seed, in both dialects."""
    texts = []
    for index, build in enumerate((stateful, palettized, classifier)):
        build().save(str(tmp_path / f"{index}.mlpackage"))
        version = (1, 3) if index else (1, 0)
        folder = save_compiled(tmp_path / f"{index}.mlpackage", tmp_path / f"{index}.mlmodelc", version)
        texts.append(str(folder / "model.mil"))

    outcomes = run_fuzzing("text_fuzzing.py", "0", "600", *texts)

    assert set(outcomes) == {"read", "BadModelError", "UnsupportedModelError"}
    assert outcomes["BadModelError"] > 300
