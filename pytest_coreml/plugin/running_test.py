"""The test that runs: a fixture that a test asks for while it runs is told of its module only, not of the test."""

from __future__ import annotations

from typing import Final

import pytest

_RUNNING: Final[pytest.StashKey[pytest.Item]] = pytest.StashKey()


def note_running_test(item: pytest.Item) -> None:
    """Note that *item* runs."""
    item.config.stash[_RUNNING] = item


def running_test(config: pytest.Config) -> pytest.Item:
    """Return the test that runs, or was the last to run."""
    return config.stash[_RUNNING]
