"""Fixtures of the reference runtime's tests."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def dropin() -> Iterator[None]:
    """Let coremltools predict in this process, for one test."""
    from pytest_coreml import reference

    if not reference.install():
        pytest.skip("Core ML exists here")
    yield
    reference.uninstall()
