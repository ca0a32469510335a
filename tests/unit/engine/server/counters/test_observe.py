"""The order of an observation: rest, load, section, with readings between."""

from __future__ import annotations

from pytest_coreml.engine.server.counters.counter_reader import Reading
from pytest_coreml.engine.server.counters.observe import observe
from pytest_coreml.facts.observed import Counter

GPU = Counter("GPU time", "gpu", "process", "activity", "ns/s", 1e6)


class Machine:
    """A machine with a scripted clock, on which a prediction uses the GPU for half of its 100 ms."""

    def __init__(self) -> None:
        self.now, self.gpu_ns = 0.0, 0.0
        self.steps: list[str] = []

    def read(self) -> list[Reading]:
        self.steps.append("read")
        return [Reading(GPU, self.gpu_ns)]

    def sleep(self, seconds: float) -> None:
        self.steps.append("rest")
        self.now += seconds

    def begin(self):
        self.steps.append("load")
        # Kernels of a load count nowhere.
        self.gpu_ns += 3e9
        return self.predict

    def predict(self) -> tuple[float, float]:
        self.steps.append("predict")
        self.now += 0.1
        self.gpu_ns += 0.05e9
        return 100.0, 100.0


def test_counters_are_read_around_rest_load_and_section() -> None:
    """The section lasts half a second, and the GPU worked for half of it."""
    machine = Machine()

    found = observe(lambda _: [machine], machine.begin, lambda *_: None, lambda: machine.now, machine.sleep)

    assert machine.steps[:5] == ["read", "rest", "read", "load", "read"]
    assert machine.steps[-1] == "read"
    assert found.calls == machine.steps.count("predict") == 5
    (counter,) = found.counters
    assert counter.idle == 0
    assert counter.section is not None
    assert abs(counter.section - 0.5e9) < 1


def test_the_rest_is_repeated_while_the_whole_machine_is_not_at_rest() -> None:
    """Another program moves the counter for a second; the idle value is that of the second after it."""
    machine = Machine()
    traffic = Counter("traffic", "neuralEngine", "system", "activity", "bytes/s", 1e6)

    class Background:
        def read(self) -> list[Reading]:
            return [Reading(traffic, min(machine.now, 1.0) * 1e9)]

    found = observe(lambda _: [Background()], machine.begin, lambda *_: None, lambda: machine.now, machine.sleep)

    assert machine.steps.count("rest") == 2
    assert [counter.idle for counter in found.counters] == [0]


def test_a_machine_without_rest_is_observed_after_three_seconds() -> None:
    """The idle value is then above the floor."""
    machine = Machine()
    traffic = Counter("traffic", "neuralEngine", "system", "activity", "bytes/s", 1e6)

    class Background:
        def read(self) -> list[Reading]:
            return [Reading(traffic, machine.now * 1e9)]

    found = observe(lambda _: [Background()], machine.begin, lambda *_: None, lambda: machine.now, machine.sleep)

    assert machine.steps.count("rest") == 3
    assert [counter.idle for counter in found.counters] == [1e9]


def test_a_slow_model_is_called_three_times() -> None:
    """However long it takes; notes are told once."""
    machine = Machine()

    def slow() -> tuple[float, float]:
        machine.now += 10
        return 1e4, 1e4

    def open_all(note):
        note("a counter is missing")
        note("a counter is missing")
        return []

    found = observe(open_all, lambda: slow, lambda *_: None, lambda: machine.now, machine.sleep)

    assert (found.calls, found.seconds, found.notes) == (3, 30.0, ("a counter is missing",))
