"""Run the sample projects of these tests: in one process, or with `--project-workers=N` by N workers."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
import scripted_engine
from scripted_engine import Script


@pytest.fixture(autouse=True)
def workers(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> int | None:
    """The number of workers of pytest-xdist that run each sample project; None without pytest-xdist."""
    chosen: int | None = request.config.getoption("--project-workers")
    if chosen is None:
        return None
    if "pytester" in request.fixturenames:
        # It forgets the options of our own run.
        request.getfixturevalue("pytester")
    monkeypatch.setenv("PYTEST_ADDOPTS", f"-n {chosen}")
    return chosen


# What tells a run of pytest that it is a worker of pytest-xdist, or a job of a CI system.
SURROUNDINGS = (
    *("PYTEST_XDIST_WORKER", "PYTEST_XDIST_WORKER_COUNT", "PYTEST_XDIST_TESTRUNUID"),
    *("CI", "BUILD_NUMBER", "GITHUB_ACTIONS", "GITHUB_STEP_SUMMARY"),
)


@pytest.fixture(autouse=True)
def as_a_person_would(monkeypatch: pytest.MonkeyPatch) -> None:
    """Run sample projects as at a terminal, wherever this suite runs: in CI, pytest cuts nothing, and we annotate."""
    for name in SURROUNDINGS:
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def plainly(workers: int | None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Run the sample projects of this test without `--project-workers`: it says itself how many, or needs none."""
    monkeypatch.delenv("PYTEST_ADDOPTS", raising=False)


@pytest.fixture
def in_one_process(workers: int | None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Run the sample projects of this test without workers: it is about what there is in one process only."""
    if workers:
        monkeypatch.delenv("PYTEST_ADDOPTS")


@pytest.fixture
def script(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Script:
    """The answers of the engines of sample projects, in every process."""
    monkeypatch.setenv("PYTEST_PLUGINS", "scripted_run")
    monkeypatch.setenv(scripted_engine.FOLDER, str(tmp_path))
    # For workers, which do not read the ini file of this suite.
    monkeypatch.setenv("PYTHONPATH", str(Path(scripted_engine.__file__).parent), prepend=os.pathsep)
    return Script(tmp_path)
