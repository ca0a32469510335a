"""The reading of the counters that macOS has of a process."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import pytest
from standin.system_library import DENOM, NUMER, WORDS, SystemLibrary, mach_units, pack

from pytest_coreml.engine.server.core_kinds import CoreKinds
from pytest_coreml.engine.server.memory import PeakMemory
from pytest_coreml.engine.server.resource_usage import ResourceUsageReader
from pytest_coreml.engine.server.run_queue import MacRunQueue

if TYPE_CHECKING:
    from collections.abc import Callable

MS_PER_UNIT = NUMER / DENOM / 1e6


def plausible(**others: int) -> bytes:
    """Return the structure of a process like this one, with *others* in place of its values."""
    cpu = time.process_time() * 1e3
    values = {
        "user_time": mach_units(cpu),
        "runnable_time": mach_units(cpu),
        "phys_footprint": 50_000_000,
        "lifetime_max_phys_footprint": 60_000_000,
    }
    return pack(**{**values, **others})


def reader(usage: Callable[[], bytes]) -> ResourceUsageReader:
    """Return a reader of *usage*."""
    return ResourceUsageReader(SystemLibrary(usage).proc_pid_rusage, MS_PER_UNIT)


def in_turn(*structures: bytes) -> ResourceUsageReader:
    """Return a reader that reads these, one after the other."""
    rest = iter(structures)
    return reader(lambda: next(rest))


def test_each_counter_is_read_from_its_place() -> None:
    """The offsets are those of the public header: 16 bytes of UUID, then words; neural memory is at byte 368."""
    values = {word: 1_000_000 + 24_000 * number for number, word in enumerate(WORDS)}

    usage = in_turn(pack(**values)).read()

    assert pack(**values)[368:376] == values["neural_footprint"].to_bytes(8, "little")
    assert len(pack()) == 464
    assert usage.neural_footprint_bytes == values["neural_footprint"]
    assert usage.footprint_bytes == values["phys_footprint"]
    assert usage.peak_footprint_bytes == values["lifetime_max_phys_footprint"]
    # 24,000 units of 125/3 ns are a millisecond.
    assert usage.cpu_ms == pytest.approx((values["user_time"] + values["system_time"]) / 24_000)
    assert usage.runnable_ms == pytest.approx(values["runnable_time"] / 24_000)
    assert usage.performance_cpu_ms == pytest.approx((values["user_ptime"] + values["system_ptime"]) / 24_000)


def test_a_plausible_structure_fits() -> None:
    """It has the size of the header, and its CPU time is that of the other clock of the system."""
    assert reader(plausible).fits()


@pytest.mark.parametrize(
    "usage",
    [
        lambda: plausible() + bytes(8),
        lambda: plausible()[:-8],
        lambda: plausible(user_time=mach_units(1e9)),
        # In nanoseconds, as if a unit were one.
        lambda: plausible(user_time=round(time.process_time() * 1e9) + 10**10),
        lambda: plausible(runnable_time=0, user_time=mach_units(time.process_time() * 1e3 + 19)),
        lambda: plausible(phys_footprint=0),
        lambda: plausible(phys_footprint=70_000_000),
        lambda: plausible(neural_footprint=1 << 60),
        lambda: plausible(user_ptime=mach_units(1e7)),
    ],
    ids=["larger", "smaller", "too much CPU", "other unit", "not runnable", "no memory", "above peak", "neural", "P"],
)
def test_another_layout_makes_the_counters_unavailable(usage: Callable[[], bytes]) -> None:
    """A value that cannot be is a sign that the words lie elsewhere."""
    # The process of this test has run for some time.
    assert time.process_time() > 0.2
    assert not reader(usage).fits()


def test_counters_that_fall_make_them_unavailable() -> None:
    """Two readings in a row: no time may be less in the second."""
    first, second = plausible(), plausible(runnable_time=mach_units(time.process_time() * 1e3 - 1))

    assert not in_turn(first, first, first, second).fits()


def test_it_is_unavailable_on_other_systems(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is looked for there."""
    monkeypatch.setattr("ctypes.CDLL", None)

    assert ResourceUsageReader.open() is None


def test_it_is_unavailable_where_the_library_lacks_a_function(monkeypatch: pytest.MonkeyPatch) -> None:
    """A system that has taken it away is not an error."""
    monkeypatch.setattr("platform.system", lambda: "Darwin")
    monkeypatch.setattr("ctypes.CDLL", lambda *_, **__: object())

    assert ResourceUsageReader.open() is None


def times(runnable_ms: float, cpu_ms: float, **others: int) -> bytes:
    """Return the structure with these times."""
    return pack(user_time=mach_units(cpu_ms), runnable_time=mach_units(runnable_ms), **others)


def test_waiting_is_runnable_time_less_cpu_time() -> None:
    """5 ms of waiting in the first part, none in the second."""
    queue = MacRunQueue(in_turn(times(100, 90), times(125, 110), times(135, 120)))

    assert [round(queue.read_ms(), 3) for _ in range(3)] == [10, 15, 15]


def test_a_runnable_timer_that_lags_is_no_waiting_when_it_catches_up() -> None:
    """A thread that ran for 8 ms without a break has them as CPU time at once, and as runnable time later."""
    queue = MacRunQueue(in_turn(times(100, 90), times(100, 98), times(118, 108), times(122, 108)))

    assert [round(queue.read_ms(), 3) for _ in range(4)] == [10, 10, 10, 14]


def test_a_reading_that_fails_makes_the_delay_unknown() -> None:
    """A value that was read earlier is less than the delay."""
    queue = MacRunQueue(ResourceUsageReader(lambda *_: -1, MS_PER_UNIT))

    assert queue.read_ms() == 0
    assert not queue.complete


def opened(monkeypatch: pytest.MonkeyPatch, *structures: bytes) -> None:
    """Let all readings be these."""
    monkeypatch.setattr(ResourceUsageReader, "open", lambda: in_turn(*structures))


@pytest.mark.parametrize(
    ("before", "after", "share"),
    [
        ((100, 100), (200, 130), 0.7),
        ((100, 0), (200, 0), None),
        ((100, 50), (100, 50), None),
        ((100, 50), (200, 151), 0.0),
    ],
    ids=["mixed", "not counted", "no CPU time", "rounding"],
)
def test_the_share_of_efficiency_cores(
    before: tuple[float, float], after: tuple[float, float], share: float | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """CPU time that was not on performance cores; unknown where the kernel counts no kinds of cores."""
    structures = [pack(user_time=mach_units(cpu), user_ptime=mach_units(fast)) for cpu, fast in (before, after)]
    opened(monkeypatch, *structures)

    assert CoreKinds().efficiency_share() == (share if share is None else pytest.approx(share, abs=1e-6))


@pytest.mark.parametrize(
    ("before", "after", "growth"),
    [((50, 60), (55, 90), 40), ((50, 80), (65, 80), 15), ((50, 60), (40, 60), 0)],
    ids=["a new peak", "an older peak", "less than before"],
)
def test_memory_grows_by_the_footprint(
    before: tuple[int, int], after: tuple[int, int], growth: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A peak of this measurement is known; below an older one, the footprint of now is."""
    structures = [pack(phys_footprint=now, lifetime_max_phys_footprint=peak) for now, peak in (before, after)]
    opened(monkeypatch, *structures)

    assert PeakMemory().growth_bytes() == growth


def test_memory_is_the_resident_one_where_there_are_no_counters(monkeypatch: pytest.MonkeyPatch) -> None:
    """An array of 50 MB that is written to."""
    monkeypatch.setattr(ResourceUsageReader, "open", lambda: None)
    memory = PeakMemory()
    array: Any = bytearray(b"x") * 50_000_000

    # Pages that the process had already count too.
    assert 0.95 * len(array) <= memory.growth_bytes() < 80_000_000
