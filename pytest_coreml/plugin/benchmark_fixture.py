"""pytest-benchmark: its table, files and comparisons have what we measured, and what it measures is native time.

All goes by its public interface: the fixture `benchmark`, the `timer` of its mark, and `pedantic`.
"""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any, Final

import pytest

from pytest_coreml.facts.measurement import Measurement
from pytest_coreml.plugin.names import uses_fixture
from pytest_coreml.report.formats.measured import measurement_name, short_name

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from pytest_coreml.session.model import CoreMLModel
    from pytest_coreml.session.native_clock import NativeClock, TimedPrediction
    from pytest_coreml.verdict.record import Record

FIXTURE: Final = "benchmark"
# How the fixture of a test was made, so that it can be made again: one of them shows one model.
_MADE: Final[pytest.StashKey[tuple[pytest.FixtureDef[Any], pytest.FixtureRequest]]] = pytest.StashKey()
# What the marks of a test said before ours were added.
_ASKED: Final[pytest.StashKey[dict[str, Any]]] = pytest.StashKey()


class Playback:
    """A clock that replays samples: of each two readings, the second is one sample later than the first."""

    __name__ = "coreml_native_samples"

    def __init__(self, measurement: Measurement) -> None:
        # Each sample stands for a batch of calls.
        pairs = ((0.0, sample / 1e3 * measurement.batch) for sample in measurement.native_ms)
        self._readings: Iterator[float] = itertools.chain.from_iterable(pairs)

    def __call__(self) -> float:
        """Return the next reading, in seconds."""
        return next(self._readings)


class BenchmarkEntries:
    """The entries of a run in pytest-benchmark; *clock* is the timer of benchmarks with a model."""

    def __init__(self, clock: NativeClock) -> None:
        self._clock = clock

    def prepare(self, item: pytest.Item) -> None:
        """Let a benchmark of the test's own run by the native clock, unless it names a clock; before its setup."""
        if not is_active(item.config) or not uses_fixture(item):
            return
        if _MADE in item.stash:
            # By an earlier attempt.
            del item.stash[_MADE]
        if _has_own(item):
            item.add_marker(pytest.mark.benchmark(**{"timer": self._clock, **_options(item)}), append=False)
            self._clock.start_recording()
        elif "request" not in item.fixturenames:  # type: ignore[attr-defined]  # a test with fixtures has their names
            item.fixturenames.append("request")  # type: ignore[attr-defined]

    def note_fixture(self, definition: pytest.FixtureDef[Any], request: pytest.FixtureRequest) -> None:
        """Note that a fixture is being set up."""
        if definition.argname == FIXTURE:
            request.node.stash[_MADE] = (definition, request)

    def take_measurement(self, item: pytest.Item, models: Sequence[CoreMLModel]) -> Measurement | None:
        """Take what the test's own benchmark has measured of a model as the measurement of that model.

        Returns it; None when there is none, or when it was about several models and cannot be told apart.
        """
        stats = getattr(_own(item), "stats", None)
        predictions = self._clock.stop_recording()
        if stats is None:
            return None
        calls = stats.stats.rounds * stats.iterations
        unmeasured = [model for model in models if model.measurement is None]
        by_model = {model: [each for each in predictions if each.model is model] for model in unmeasured}
        measured = [model for model, own in by_model.items() if len(own) >= calls]
        if len(measured) != 1:
            return None
        (model,) = measured
        model.measurement = _measurement(by_model[model], calls)
        return model.measurement

    def enter(self, item: pytest.Item, records: Sequence[Record], taken: Measurement | None) -> None:
        """Enter what was measured, except what a benchmark of the test's own has *taken*; after the test was judged."""
        if not is_active(item.config) or not (_has_own(item) or "request" in getattr(item, "funcargs", {})):
            return
        shown = {getattr(_own(item), "fullname", "")}
        for record in records:
            if record.predict is not None and record.predict is not taken:
                shown.add(_enter(item, record, record.predict, shown))


def is_active(config: pytest.Config) -> bool:
    """Return True if pytest-benchmark is there and wanted: with `--benchmark-skip`, its fixture skips the test."""
    return config.pluginmanager.hasplugin("benchmark") and not config.getoption("benchmark_skip", False)


def _measurement(predictions: Sequence[TimedPrediction], calls: int) -> Measurement:
    # The last ones: what came before was calibration and warm-up.
    last = predictions[-calls:]
    return Measurement(
        native_ms=tuple(each.native_ms for each in last),
        wall_ms=tuple(each.wall_ms for each in last),
        wait_ms=None,
        warmup=len(predictions) - calls,
    )


def _enter(item: pytest.Item, record: Record, measurement: Measurement, others: Collection[str]) -> str:
    item.add_marker(pytest.mark.benchmark(**{**_options(item), "timer": Playback(measurement)}), append=False)
    fixture = _fixture(item)
    name = measurement_name(record)
    fixture.fullname = name if name not in others else f"{name} {record.model_name}"
    fixture.name = short_name(fixture.fullname)
    fixture.extra_info.update(
        model=record.model_name, sha256=record.model, compute_units=record.compute_units, runtime=record.runtime
    )
    fixture.pedantic(_nothing, rounds=len(measurement.native_ms), iterations=measurement.batch)
    return str(fixture.fullname)


def _fixture(item: pytest.Item) -> Any:
    """Return a `benchmark` that was not used yet, for the markers that the test has now."""
    if _MADE not in item.stash:
        return item.funcargs["request"].getfixturevalue(FIXTURE)  # type: ignore[attr-defined]  # `prepare` saw to it
    definition, request = item.stash[_MADE]
    definition.finish(request)  # type: ignore[arg-type]  # a request for a fixture is a SubRequest
    return definition.execute(request)  # type: ignore[arg-type]


def _nothing() -> None:
    """Stand for predictions that were made before."""


def _options(item: pytest.Item) -> dict[str, Any]:
    mark = item.get_closest_marker(FIXTURE)
    return item.stash.setdefault(_ASKED, dict(mark.kwargs) if mark else {})


def _has_own(item: pytest.Item) -> bool:
    return FIXTURE in getattr(item, "fixturenames", ())


def _own(item: pytest.Item) -> Any:
    return getattr(item, "funcargs", {}).get(FIXTURE)
