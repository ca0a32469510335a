"""How the little projects of these tests are run."""

from __future__ import annotations

import pytest
from scripted_engine import Script, ScriptedEngine

from pytest_coreml import session


@pytest.fixture(autouse=True)
def workers(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> int | None:
    """How many workers of pytest-xdist run each little project: `--project-workers=2`; None without pytest-xdist's."""
    chosen: int | None = request.config.getoption("--project-workers")
    if chosen is None:
        return None
    if "pytester" in request.fixturenames:
        # It forgets the options of our own run.
        request.getfixturevalue("pytester")
    monkeypatch.setenv("PYTEST_ADDOPTS", f"-n {chosen}")
    return chosen


@pytest.fixture(autouse=True)
def no_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    """Do not let a little project take itself for a worker, when this suite runs under pytest-xdist."""
    for name in ("PYTEST_XDIST_WORKER", "PYTEST_XDIST_WORKER_COUNT", "PYTEST_XDIST_TESTRUNUID"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def plainly(workers: int | None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Run the little projects of this test without `--project-workers`: it says itself how many, or needs none."""
    monkeypatch.delenv("PYTEST_ADDOPTS", raising=False)


@pytest.fixture
def script(plainly: None, monkeypatch: pytest.MonkeyPatch) -> Script:
    """What the engines of little projects answer that run in this process."""
    script = Script()
    monkeypatch.setattr(session, "Engine", lambda *_: ScriptedEngine(script))
    return script
