"""A plugin for sample projects: their engines answer as a script says, in this process and in workers of
pytest-xdist."""

from __future__ import annotations

import os
from importlib import import_module
from pathlib import Path
from typing import Any, Final

import pytest

_REAL: Final[pytest.StashKey[Any]] = pytest.StashKey()


def pytest_configure(config: pytest.Config) -> None:
    """Put scripted engines in the place of real ones."""
    from scripted_engine import FOLDER, Script, ScriptedEngine

    script = Script.of(Path(os.environ[FOLDER]))
    session = _session()
    config.stash[_REAL] = session.Engine
    session.Engine = lambda *_: ScriptedEngine(script)


def pytest_unconfigure(config: pytest.Config) -> None:
    """Restore the real functions in this process."""
    _session().Engine = config.stash[_REAL]


def _session() -> Any:
    # The package still has the one of an earlier run in this process.
    return import_module("pytest_coreml.session.models")
