"""Folders of processes that were killed are removed, and no others."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from typing import TYPE_CHECKING

import pytest

from pytest_coreml.engine.work_folder import WorkFolder, remove_abandoned

if TYPE_CHECKING:
    from pathlib import Path

HOLD = """
import sys
from pytest_coreml.engine.work_folder import WorkFolder
print(WorkFolder().path, flush=True)
sys.stdin.read()
"""


@pytest.fixture(autouse=True)
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A temporary folder for each test, in this process and in those that it starts."""
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr(tempfile, "tempdir", None)
    return tmp_path


def test_the_folder_of_a_killed_process_is_removed_and_that_of_a_living_one_stays(temporary: Path) -> None:
    """A run that is still going on keeps its folder, whatever its age."""
    words = [sys.executable, "-c", HOLD]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as maker:
        assert maker.stdout is not None
        folder = maker.stdout.readline().strip()
        remove_abandoned()
        while_alive = [str(path) for path in temporary.iterdir()]
        maker.kill()
    with WorkFolder("models-") as own:
        remove_abandoned()
        assert list(temporary.iterdir()) == [own]

    assert while_alive == [folder]
    assert list(temporary.iterdir()) == []


def test_what_is_not_a_work_folder_stays(temporary: Path) -> None:
    """A folder of the same name without a lock, and a link to a folder that has one."""
    (temporary / "pytest-coreml-notes").mkdir()
    elsewhere = temporary / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "maker.lock").touch()
    (temporary / "pytest-coreml-link").symlink_to(elsewhere)

    remove_abandoned()

    assert (temporary / "pytest-coreml-notes").is_dir()
    assert (elsewhere / "maker.lock").exists()
