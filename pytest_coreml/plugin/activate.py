"""Activation: make the run when something of ours turns up, and register the hooks that follow tests.

Until then a run pays for the hooks of `plugin/__init__.py` only. This module is imported in every run, so it imports
nothing heavy.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final

import pytest

if TYPE_CHECKING:
    from pytest_coreml.plugin.pytest_run import PytestRun

_RUN: Final[pytest.StashKey[PytestRun]] = pytest.StashKey()


def activate(config: pytest.Config) -> PytestRun:
    """Return the run of this pytest process, made now if nothing of ours turned up before.

    Raises `UsageError` when an option has an impossible value.
    """
    if _RUN not in config.stash:
        from pytest_coreml.plugin.hooks import RunHooks
        from pytest_coreml.plugin.pytest_run import PytestRun
        from pytest_coreml.plugin.read_options import read_options
        from pytest_coreml.plugin.xdist import note_active

        run = config.stash[_RUN] = PytestRun(config, read_options(config))
        config.pluginmanager.register(RunHooks(run), "pytest-coreml-hooks")
        note_active(config)
        if run.results is not None:
            from pytest_coreml.plugin.run_results import Collector

            config.pluginmanager.register(Collector(config, run.results), "pytest-coreml-collector")
    return config.stash[_RUN]


def is_active(config: pytest.Config) -> bool:
    """Return True if something of ours has turned up in this process."""
    return _RUN in config.stash


def prepare_controller(config: pytest.Config) -> None:
    """Register the hooks of a controller of pytest-xdist, to which something of ours comes only from its workers."""
    if config.getoption("dist", "no") == "no":
        return
    from pytest_coreml.plugin.xdist import Controller, is_controller

    if is_controller(config):
        config.pluginmanager.register(Controller(partial(activate, config)), "pytest-coreml-controller")
