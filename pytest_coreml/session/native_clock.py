"""A clock that predictions move by their native time, for tools that hold a stopwatch to `CoreMLModel.predict`."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from pytest_coreml.engine.protocol import Prediction


class Seen(NamedTuple):
    """What one prediction of *model* took, in ms."""

    model: object
    native_ms: float
    wall_ms: float


class NativeClock:
    """Seconds that pass as everywhere, but for predictions: of those, only the time within the framework counts.

    What lies around it, the way to the engine process and back, would be most of a short prediction.
    """

    __name__ = "coreml_native_clock"

    def __init__(self) -> None:
        self._hidden = 0.0
        self._seen: list[Seen] | None = None

    def __call__(self) -> float:
        """Give the time in seconds."""
        return time.perf_counter() - self._hidden

    def passed(self, model: object, prediction: Prediction, since: float) -> None:
        """Count a prediction that was asked for at *since* (`time.perf_counter`) and has come."""
        if self._seen is not None:
            self._seen.append(Seen(model, prediction.native_ms, prediction.wall_ms))
        self._hidden += time.perf_counter() - since - prediction.native_ms / 1e3

    def watch(self) -> None:
        """Begin to keep what predictions take."""
        self._seen = []

    def seen(self) -> list[Seen]:
        """Give what was kept since `watch`, and keep no more."""
        kept, self._seen = self._seen or [], None
        return kept


CLOCK = NativeClock()
