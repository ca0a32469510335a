"""Functions that a session calls while models are loaded and used."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_coreml.engine import protocol
    from pytest_coreml.facts.timeline import Recording
    from pytest_coreml.session.model import CoreMLModel


@dataclass(frozen=True)
class Listeners:
    """Functions that are called while models are loaded and used; none by default."""

    progress: Callable[[str, protocol.Progress], None] = lambda *_: None
    """Gets the name of a model and what an engine is doing with it."""
    used: Callable[[CoreMLModel], None] = lambda _: None
    """Gets a model before each use of it."""
    predicted: Callable[[CoreMLModel, protocol.Prediction, float], None] = lambda *_: None
    """Gets a model, a prediction it has made, and the `time.perf_counter` at which that was asked for."""
    current_test: Callable[[], str | None] = lambda: None
    """Returns the name of the running attempt at a test, None between tests."""
    announced: Callable[[str], None] = lambda _: None
    """Gets a line of text that must be read while the run goes on, also where there is no terminal."""
    recorded: Callable[[Recording], None] | None = None
    """Gets what engines record for a timeline; None for no timeline."""
    reads_waiting: Callable[[], bool] = lambda: False
    """Returns True while predictions need `Prediction.wait_ms`, which takes time to read."""
