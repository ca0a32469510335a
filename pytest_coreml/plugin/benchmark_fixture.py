"""pytest-benchmark: its files and comparisons have what we measured, and a benchmark with a model runs by native time.

All goes by its public interface: the fixture `benchmark`, the `timer` and `group` of its mark, and `pedantic`. What
goes wrong there never decides a test of ours.
"""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any, Final

import pytest

from pytest_coreml.plugin.benchmark_gate import GROUP
from pytest_coreml.plugin.names import uses_fixture
from pytest_coreml.report.formats.measured import measurement_name, short_name

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from pytest_coreml.facts.measurement import Measurement
    from pytest_coreml.session.model import CoreMLModel
    from pytest_coreml.session.native_clock import NativeClock, TimedPrediction
    from pytest_coreml.verdict.record import Record

FIXTURE: Final = "benchmark"
# The options that ask for its files, its comparison or its plots.
_RESULTS: Final = ("json", "save", "autosave", "compare", "compare_fail", "histogram")
# How the fixture of a test was made, so that it can be made again: one of them shows one model.
_MADE: Final[pytest.StashKey[tuple[pytest.FixtureDef[Any], pytest.FixtureRequest]]] = pytest.StashKey()
# The options of the test's own mark before ours were added; None if it has no mark.
_ASKED: Final[pytest.StashKey[dict[str, Any] | None]] = pytest.StashKey()


class Playback:
    """A clock that replays samples: of each two readings, the second is one sample later than the first."""

    __name__ = "coreml_native_samples"

    def __init__(self, measurement: Measurement) -> None:
        # Each sample stands for a batch of calls. The same ones as in our own table, so that both have one median.
        pairs = ((0.0, sample / 1e3 * measurement.batch) for sample in measurement.judged_ms)
        self._readings: Iterator[float] = itertools.chain.from_iterable(pairs)

    def __call__(self) -> float:
        """Return the next reading, in seconds."""
        return next(self._readings)


class BenchmarkEntries:
    """The entries of a run in pytest-benchmark; *clock* is the timer of benchmarks with a model."""

    def __init__(self, clock: NativeClock) -> None:
        self._clock = clock
        self.problem: str | None = None
        """The reason why pytest-benchmark lacks a measurement, None while it has them all."""

    def prepare(self, item: pytest.Item) -> None:
        """Forget an earlier attempt at *item*, and let it have a request for fixtures; before its setup."""
        # A test that failed has left its recording running.
        self._clock.stop_recording()
        if _MADE in item.stash:
            del item.stash[_MADE]
        if not _wants_entries(item.config) or not uses_fixture(item) or _has_own(item):
            return
        if "request" not in item.fixturenames:  # type: ignore[attr-defined]  # a test with fixtures has their names
            item.fixturenames.append("request")  # type: ignore[attr-defined]

    def note_fixture(self, definition: pytest.FixtureDef[Any], request: pytest.FixtureRequest) -> None:
        """Note that a fixture is being set up; a benchmark of the test's own runs by the native clock.

        Not if the test names another clock. Another plugin may have a fixture of the same name.
        """
        if definition.argname != FIXTURE or not definition.func.__module__.startswith("pytest_benchmark"):
            return
        item = request.node
        item.stash[_MADE] = (definition, request)
        if uses_fixture(item) and _has_own(item) and _own(item) is None:
            item.add_marker(
                pytest.mark.benchmark(**{"timer": self._clock, **(_mark_options(item) or {})}), append=False
            )
            self._clock.start_recording()

    def take_measurement(self, item: pytest.Item, models: Sequence[CoreMLModel]) -> Measurement | None:
        """Take what the test's own benchmark has measured of a model as the measurement of that model.

        Returns it; None when there is none, or when it was about several models and cannot be told apart.
        """
        predictions = self._clock.stop_recording()
        calls = _calls(_own(item))
        if not calls:
            return None
        unmeasured = [model for model in models if model.last.measurement is None]
        by_model = {model: [each for each in predictions if each.model is model] for model in unmeasured}
        measured = [model for model, own in by_model.items() if len(own) >= calls]
        if len(measured) != 1:
            return None
        (model,) = measured
        model.last.measurement = _measurement(by_model[model], calls)
        return model.last.measurement

    def enter(self, item: pytest.Item, records: Sequence[Record], taken: Measurement | None) -> None:
        """Enter what was measured, except what a benchmark of the test's own has *taken*; after the test was judged."""
        if not _wants_entries(item.config) or not (_has_own(item) or "request" in getattr(item, "funcargs", {})):
            return
        entered = {getattr(_own(item), "fullname", "")}
        try:
            for record in records:
                if record.predict is not None and record.predict is not taken:
                    entered.add(_enter(item, record, record.predict, entered))
        except (Exception, pytest.skip.Exception, pytest.fail.Exception) as error:  # noqa: BLE001  (of another plugin)
            self.problem = f"{item.nodeid}: {type(error).__name__}: {error}"


def is_active(config: pytest.Config) -> bool:
    """Return True if pytest-benchmark is there and measures; pytest-codspeed disables it, and so does pytest-xdist."""
    options = config.option
    if not config.pluginmanager.hasplugin("benchmark") or getattr(options, "benchmark_skip", False):
        return False
    return not getattr(options, "benchmark_disable", False) or getattr(options, "benchmark_enable", False)


def _wants_entries(config: pytest.Config) -> bool:
    """Return True if files, a comparison or plots of pytest-benchmark are asked for; its table alone is not."""
    return is_active(config) and any(getattr(config.option, f"benchmark_{name}", None) for name in _RESULTS)


def _calls(fixture: Any) -> int:
    """Return the number of calls that a used `benchmark` has measured; 0 for any other value."""
    try:
        return int(fixture.stats.stats.rounds * fixture.stats.iterations)
    except (AttributeError, TypeError):
        return 0


def _measurement(predictions: Sequence[TimedPrediction], calls: int) -> Measurement:
    from pytest_coreml.facts.measurement import Measurement

    # The last ones: what came before was calibration and warm-up.
    last = predictions[-calls:]
    return Measurement(
        native_ms=tuple(each.native_ms for each in last),
        wall_ms=tuple(each.wall_ms for each in last),
        wait_ms=None,
        warmup=len(predictions) - calls,
    )


def _enter(item: pytest.Item, record: Record, measurement: Measurement, others: Collection[str]) -> str:
    marked = _mark_options(item)
    options = {**(marked or {}), "timer": Playback(measurement)}
    if marked is None or _has_own(item):
        options["group"] = GROUP
    item.add_marker(pytest.mark.benchmark(**options), append=False)
    fixture = _fixture(item)
    name = measurement_name(record)
    fixture.fullname = name if name not in others else f"{name} {record.model_name}"
    fixture.name = short_name(fixture.fullname)
    fixture.extra_info.update(
        model=record.model_name, sha256=record.model, compute_units=record.compute_units, runtime=record.runtime
    )
    fixture.pedantic(_nothing, rounds=len(measurement.judged_ms), iterations=measurement.batch)
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


def _mark_options(item: pytest.Item) -> dict[str, Any] | None:
    mark = item.get_closest_marker(FIXTURE)
    return item.stash.setdefault(_ASKED, dict(mark.kwargs) if mark else None)


def _has_own(item: pytest.Item) -> bool:
    return FIXTURE in getattr(item, "fixturenames", ())


def _own(item: pytest.Item) -> Any:
    return getattr(item, "funcargs", {}).get(FIXTURE)
