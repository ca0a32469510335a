"""Fixtures of the reference runtime's tests."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
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


@pytest.fixture(autouse=True)
def same_numbers_in_any_order(request: pytest.FixtureRequest) -> None:
    """Seed each test with the random numbers that it would have alone, independent of the tests that ran before."""
    random = getattr(request.module, "RANDOM", None)
    if random is not None:
        random.bit_generator.state = np.random.default_rng(0).bit_generator.state
