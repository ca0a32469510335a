"""Damaged packages are refused with a clear error, or run: in bounded time and memory, without a crash."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import coremltools as ct
import numpy as np
import pytest
from coremltools.converters.mil import Builder as mb  # noqa: N813 - the name that everybody uses
from interfaces import convert

SUPPORT = Path(__file__).parents[2] / "support"
WEIGHT = np.random.default_rng(0).standard_normal((32, 64)).astype(np.float32)


@pytest.fixture(scope="module")
def victim(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Save a model with weights, a branch, and operations that take shapes and axes."""

    def body(x):
        h = mb.linear(x=x, weight=WEIGHT)
        h = mb.cond(
            pred=mb.greater(x=mb.reduce_sum(x=h, axes=[0, 1]), y=0.0),
            _true_fn=lambda: mb.relu(x=h),
            _false_fn=lambda: mb.mul(x=h, y=2.0),
        )
        parts = mb.split(x=mb.reshape(x=h, shape=[4, 8]), num_splits=2, axis=1)
        return mb.transpose(x=mb.concat(values=parts, axis=0), perm=[1, 0], name="y")

    path = tmp_path_factory.mktemp("fuzz") / "Victim.mlpackage"
    convert(body, (1, 64), "FLOAT16", pass_pipeline=ct.PassPipeline.EMPTY, skip_model_load=True).save(str(path))
    return path


def test_damaged_packages_are_refused_or_run(victim: Path) -> None:
    """Flipped bytes, cut files, huge sizes, wrong offsets and names, types that lie: 300 cases of a fixed seed."""
    ended = subprocess.run(
        [sys.executable, SUPPORT / "fuzzing.py", victim, "0", "300"],
        env={**os.environ, "PYTHONPATH": str(SUPPORT.parents[1])},
        capture_output=True,
        text=True,
        check=False,
    )

    assert ended.returncode == 0, ended.stdout[-200:] + ended.stderr[-3000:]
    assert "BadModelError" in ended.stdout
    assert "ran" in ended.stdout
