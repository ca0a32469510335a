"""pytest-benchmark: its table, files and comparisons have what we measured, and what it measures is native time.

All goes by its public interface: the fixture `benchmark`, the `timer` of its mark, and `pedantic`.
"""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any, Final

import pytest

from pytest_coreml.measurement import Measurement
from pytest_coreml.native_clock import CLOCK
from pytest_coreml.presence import uses_fixture

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pytest_coreml.model import CoreMLModel
    from pytest_coreml.record import Record

FIXTURE: Final = "benchmark"


class Playback:
    """A clock that shows samples: of each two readings, the second is one sample later than the first."""

    __name__ = "coreml_native_samples"

    def __init__(self, run: Measurement) -> None:
        # Each sample stands for a batch of calls.
        pairs = ((0.0, sample / 1e3 * run.batch) for sample in run.native_ms)
        self._readings: Iterator[float] = itertools.chain.from_iterable(pairs)

    def __call__(self) -> float:
        """Give the next reading, in seconds."""
        return next(self._readings)


def prepare(item: pytest.Item) -> None:
    """Before a test is set up: let a benchmark of its own run by the native clock, unless it names a clock."""
    if not is_active(item.config) or not uses_fixture(item):
        return
    if _has_own(item):
        _set_timer(item, CLOCK)
        CLOCK.watch()
    elif "request" not in item.fixturenames:  # type: ignore[attr-defined]  # who uses fixtures has names of them
        item.fixturenames.append("request")  # type: ignore[attr-defined]


def take(item: pytest.Item, models: Sequence[CoreMLModel]) -> None:
    """After the body: what the test's own benchmark has measured of its model is a measurement, and is not repeated."""
    stats = getattr(getattr(item, "funcargs", {}).get(FIXTURE), "stats", None)
    seen = CLOCK.seen()
    if stats is None or not models or models[0].measurement is not None:
        return
    own = [one for one in seen if one.model is models[0]]
    counted = min(len(own), stats.stats.rounds * stats.iterations)
    if counted:
        # The last ones: what came before was calibration and warm-up.
        models[0].measurement = Measurement(
            native_ms=tuple(one.native_ms for one in own[-counted:]),
            wall_ms=tuple(one.wall_ms for one in own[-counted:]),
            wait_ms=None,
            warmup=len(own) - counted,
        )


def show(item: pytest.Item, records: Sequence[Record]) -> None:
    """After judging: enter what was measured of the test's model, unless the test has a benchmark of its own."""
    request = getattr(item, "funcargs", {}).get("request")
    measured = [(record, record.predict) for record in records if record.predict is not None]
    if request is None or not measured or _has_own(item) or not is_active(item.config):
        return
    # The fixture is made once a test, so one model of it is shown: the first.
    record, run = measured[0]
    _set_timer(item, Playback(run))
    fixture = request.getfixturevalue(FIXTURE)
    fixture.extra_info.update(
        model=record.model_name, sha256=record.model, compute_units=record.compute_units, runtime=record.runtime
    )
    fixture.pedantic(_nothing, rounds=len(run.native_ms), iterations=run.batch)


def is_active(config: pytest.Config) -> bool:
    """Say whether pytest-benchmark is there and wanted: with `--benchmark-skip`, its fixture skips the test."""
    return config.pluginmanager.hasplugin("benchmark") and not config.getoption("benchmark_skip", False)


def _nothing() -> None:
    """Stand for predictions that were made before."""


def _set_timer(item: pytest.Item, timer: object) -> None:
    mark = item.get_closest_marker(FIXTURE)
    options: dict[str, Any] = dict(mark.kwargs) if mark else {}
    options.setdefault("timer", timer)
    item.add_marker(pytest.mark.benchmark(**options), append=False)


def _has_own(item: pytest.Item) -> bool:
    return FIXTURE in getattr(item, "fixturenames", ())
