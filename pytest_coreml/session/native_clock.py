"""A clock in which a prediction takes its native time, for tools that time `CoreMLModel.predict` from outside."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from pytest_coreml.engine.protocol import Prediction


class TimedPrediction(NamedTuple):
    """The times of one prediction of *model*, in ms."""

    model: object
    native_ms: float
    wall_ms: float


class NativeClock:
    """Seconds of which a prediction takes only its native time.

    The rest, the way to the engine process and back, would be most of a short prediction.
    """

    __name__ = "coreml_native_clock"

    def __init__(self) -> None:
        self._hidden = 0.0
        self._recorded: list[TimedPrediction] | None = None

    def __call__(self) -> float:
        """Return the time in seconds."""
        return time.perf_counter() - self._hidden

    def record(self, model: object, prediction: Prediction, since: float) -> None:
        """Count a *prediction* of *model* that was asked for at *since* (`time.perf_counter`)."""
        if self._recorded is not None:
            self._recorded.append(TimedPrediction(model, prediction.native_ms, prediction.wall_ms))
        self._hidden += time.perf_counter() - since - prediction.native_ms / 1e3

    def start_recording(self) -> None:
        """Keep the times of all predictions from now on."""
        self._recorded = []

    def stop_recording(self) -> list[TimedPrediction]:
        """Return the times that were kept since `start_recording`, and keep no more."""
        kept, self._recorded = self._recorded or [], None
        return kept
