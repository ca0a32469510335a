"""Measure a callable that predicts with any number of models, by the loop that measures a single model."""

from __future__ import annotations

import contextlib
import statistics
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from pytest_coreml.engine.protocol import Progress
from pytest_coreml.engine.server.measure import measure
from pytest_coreml.errors import InputError, hidden_for_ours
from pytest_coreml.facts.scenario import Scenario, ScenarioModel

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pytest_coreml.engine.lease import SharedByEngines
    from pytest_coreml.engine.protocol import Prediction
    from pytest_coreml.engine.server.measure import Call
    from pytest_coreml.facts.measurement import Measurement
    from pytest_coreml.session.model import CoreMLModel

__tracebackhide__ = hidden_for_ours


@dataclass
class _Totals:
    """The predictions of one model since the last `clear`."""

    predictions: int = 0
    native_ms: float = 0.0


class Recorder:
    """The predictions that are made while it listens, and how long the threads of engines waited during them.

    It is a `DelayReading`: what the process of pytest waits for is the answer of an engine.
    """

    def __init__(self) -> None:
        self.complete = True
        self.totals: dict[CoreMLModel, _Totals] = {}
        self.native_ms = self.hidden_ms = self._waited_ms = 0.0
        """Native time of all predictions, and what a test waited for them beyond that."""

    def record(self, model: CoreMLModel, prediction: Prediction, since: float) -> None:
        """Add a *prediction* that was asked for at *since* (`time.perf_counter`)."""
        totals = self.totals.get(model)
        if totals is None:
            totals = self.totals[model] = _Totals()
        totals.predictions += 1
        totals.native_ms += prediction.native_ms
        self.native_ms += prediction.native_ms
        if prediction.wait_ms is None:
            self.complete = False
        else:
            self._waited_ms += prediction.wait_ms
        self.hidden_ms += (time.perf_counter() - since) * 1e3 - prediction.native_ms

    def read_ms(self) -> float:
        """Return how long the threads of engines have waited for a CPU so far, in ms."""
        return self._waited_ms

    def close(self) -> None:
        """Do nothing: nothing is open."""


class ScenarioCall:
    """One call of a scenario, as the measuring loop makes it. *use*: called by the test's code, it predicts."""

    def __init__(self, name: str, use: Callable[[], Any], recorder: Recorder) -> None:
        self._name = name
        self._use = use
        self._recorder = recorder
        self._count = 0
        self._models: frozenset[CoreMLModel] = frozenset()

    def __call__(self) -> tuple[float, float]:
        """Call once; return the native time of all predictions, and the time of the call without the way to engines.

        Raises `InputError` where it raises, predicts nothing, or uses other models than before.
        """
        self._count += 1
        recorder = self._recorder
        native, hidden = recorder.native_ms, recorder.hidden_ms
        before = {model: totals.predictions for model, totals in recorder.totals.items()}
        start = time.perf_counter()
        try:
            self._use()
        except Exception as error:
            raise InputError(
                f"scenario {self._name!r}: call {self._count} raised {type(error).__name__}: {error}"
            ) from error
        elapsed = (time.perf_counter() - start) * 1e3
        self._check(before)
        native = recorder.native_ms - native
        # Threads that predict at the same time wait for each other, and that time is hidden more than once.
        return native, max(native, elapsed - (recorder.hidden_ms - hidden))

    def _check(self, before: dict[CoreMLModel, int]) -> None:
        totals = self._recorder.totals
        used = frozenset(model for model, each in totals.items() if each.predictions > before.get(model, 0))
        if not used:
            raise InputError(f"scenario {self._name!r}: call {self._count} predicted nothing: use a loaded model in it")
        self._models = self._models or used
        if used != self._models:
            raise InputError(
                f"scenario {self._name!r}: call {self._count} used {_names(used)}, the calls before it "
                f"{_names(self._models)}; measure scenarios of other models under other names"
            )


def measure_scenario(
    name: str, use: Callable[[], Any], calls: int, recorder: Recorder, shared: SharedByEngines
) -> Scenario:
    """Warm up, and measure *calls* calls of *use* while *recorder* listens to predictions.

    Raises `InputError` as `ScenarioCall` does.
    """
    call = ScenarioCall(name, use, recorder)

    @contextlib.contextmanager
    def begin() -> Iterator[Call]:
        recorder.totals.clear()
        yield call

    def report(doing: str, done: int, total: int) -> None:
        shared.lock.give_sign()
        shared.progress(f"scenario {name}", Progress(doing, done, total))

    def work() -> Measurement:
        return measure(begin, calls, None, report, open_delay=lambda: recorder)

    # Not one_thread(): the threads of a scenario predict too.
    with shared.lock.held(lambda doing: shared.progress(f"scenario {name}", Progress(doing))):
        measured, thermal = shared.watch.during(work)
    return _scenario(name, replace(measured, thermal=thermal, first_ms=None), recorder)


def _scenario(name: str, measured: Measurement, recorder: Recorder) -> Scenario:
    calls = len(measured.native_ms) * measured.batch
    total = sum(each.native_ms for each in recorder.totals.values())
    between = [wall - native for wall, native in zip(measured.wall_ms, measured.native_ms, strict=True)]
    return Scenario(
        name=name,
        models=tuple(
            ScenarioModel(
                model=model.name,
                compute_units=model.compute_units,
                predictions=each.predictions / calls,
                native_ms=each.native_ms / calls,
                share=each.native_ms / total if total > 0 else 0.0,
            )
            for model, each in recorder.totals.items()
        ),
        wall_ms=statistics.median(measured.wall_ms),
        between_ms=statistics.median(between),
        measurement=measured,
    )


def _names(models: frozenset[CoreMLModel]) -> str:
    return ", ".join(sorted(f"{model.name} on {model.compute_units}" for model in models))
