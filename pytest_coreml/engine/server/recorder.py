"""Record what an engine does with its model, for a timeline.

An engine has a recorder only when a timeline was asked for. It is called between the measured calls, never within one.
"""

from __future__ import annotations

import contextlib
import os
import time
from typing import TYPE_CHECKING, Any, Final

from pytest_coreml.engine import protocol
from pytest_coreml.facts.load_options import LoadOptions
from pytest_coreml.facts.timeline import Event, Recording, Subject, Total

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pytest_coreml.engine.protocol import Inputs, Progress
    from pytest_coreml.facts.measurement import LoadTimes, Measurement
    from pytest_coreml.facts.timeline import Lane, LaneAndKind

# Of one request: a measurement of a very short call makes 100,000 predictions.
MAX_EVENTS: Final = 3000
_STEPS: Final = {
    protocol.Measure: "measure",
    protocol.MeasurePairs: "compare versions",
    protocol.CompareOutputs: "compare outputs",
    protocol.ReadPlan: "plan",
}


class Recorder:
    """Collects the events of one request at a time."""

    def __init__(self) -> None:
        self._events: list[Event] = []
        self._left_out: dict[LaneAndKind, Total] = {}
        self._stages: dict[str, int] = {}
        self._load: protocol.Load | None = None
        self._loaded: protocol.Loaded | None = None

    def note_stage(self, progress: Progress) -> None:
        """Note when a stage of a request began."""
        self._stages[progress.doing] = time.perf_counter_ns()

    def note_prediction(self, native_ms: float, wall_ms: float, inputs: Inputs, outputs: Inputs) -> None:
        """Record a prediction that has just ended, and the conversion of its inputs and outputs.

        No runtime reports when within the call its own time begins: what the call took beyond that is split in
        proportion to the bytes of inputs and outputs.
        """
        end = time.perf_counter_ns()
        wall, native = round(wall_ms * 1e6), round(native_ms * 1e6)
        start, around = end - wall, max(0, wall - native)
        given, made = count_bytes(inputs), count_bytes(outputs)
        before = around * given // (given + made) if given + made else around // 2
        predicted = start + before
        self._add("data", "inputs", start, before, {"bytes": given})
        self._add("activity", "predict", predicted, native, _items(inputs))
        self._add("data", "outputs", predicted + native, around - before, {"bytes": made})

    @contextlib.contextmanager
    def request(self, request: object) -> Iterator[Answered]:
        """Record a *request*, whose answer the caller puts into what this yields."""
        self._stages.clear()
        answered, start = Answered(), time.perf_counter_ns()
        yield answered
        end, answer = time.perf_counter_ns(), answered.value
        if isinstance(request, protocol.Load):
            self._load, self._loaded = request, answer
            self._add_loads(answer.times, start)
        elif isinstance(request, protocol.LoadAgain):
            duration = round(answer * 1e6)
            self._add("activity", "load", max(start, end - duration), duration, {"process": "fresh"})
        elif isinstance(request, protocol.Measure):
            self._add_phases(answer, end)
        elif type(request) in _STEPS:
            self._add("activity", _STEPS[type(request)], start, end - start, {})

    def take(self, request: object) -> Recording | None:
        """Return what was recorded of *request*, None if that is nothing, and forget it."""
        events, self._events = tuple(self._events), []
        left_out, self._left_out = self._left_out, {}
        if not events:
            return None
        load, loaded = self._load, self._loaded
        if load is not None and loaded is not None:
            options, spec = load.options, loaded.spec
            subject = Subject(load.path, loaded.compiled, load.compute_units, options.function, options.words)
            return Recording(subject, spec.file_name, spec.sha256, os.getpid(), events, left_out)
        # Such as a fresh process that loads once, or an engine that only reads plans.
        options = getattr(request, "options", LoadOptions())
        units: str = getattr(request, "compute_units", "all")
        path: str = getattr(request, "path", "")
        subject = Subject(path, getattr(request, "compiled", None), units, options.function, options.words)
        return Recording(subject, None, None, os.getpid(), events, left_out)

    def _add(self, lane: Lane, kind: str, start: int, duration: int, details: Mapping[str, Any]) -> None:
        if len(self._events) < MAX_EVENTS:
            self._events.append(Event(lane, kind, start, duration, details))
            return
        total = self._left_out.get((lane, kind), Total())
        self._left_out[lane, kind] = total + Total(1, duration, details.get("bytes", 0))

    def _add_loads(self, times: LoadTimes, start: int) -> None:
        """Add the events of a load; those of one stage follow each other from its beginning."""
        at = self._stages.get("compiling", start)
        for ms in times.compile_ms:
            at = self._add_after(at, "compile", ms)
        at = self._stages.get("loading", at)
        for kind, samples in (("first load", times.first_load_ms), ("load", times.load_ms)):
            for ms in samples:
                at = self._add_after(at, kind, ms)

    def _add_after(self, start: int, kind: str, ms: float) -> int:
        duration = round(ms * 1e6)
        self._add("activity", kind, start, duration, {})
        return start + duration

    def _add_phases(self, measurement: Measurement, end: int) -> None:
        """Add the phases around the predictions of a measurement: the warm-up, and what was measured."""
        # In front: what contains others and begins with the first of them has to be written before it.
        calls = [event for event in self._events if event.lane == "data" and event.kind == "inputs"]
        warm_up, measured = calls[: measurement.warmup], calls[measurement.warmup :]
        last = measured[0].start_ns if measured else end
        if warm_up:
            first = warm_up[0].start_ns
            self._events.insert(0, Event("activity", "warm up", first, last - first, {"calls": measurement.warmup}))
        if measured:
            details = {"calls": len(measurement.native_ms) * measurement.batch}
            self._events.insert(0, Event("activity", "measure", last, end - last, details))


class Answered:
    """Holds the answer to a request."""

    value: Any = None


def count_bytes(values: Inputs) -> int:
    """Return the bytes of tensors and images among inputs or outputs; other values have no size that is known."""
    if isinstance(values, list):
        return sum(map(count_bytes, values))
    return sum(_bytes(value) for value in values.values())


def _bytes(value: Any) -> int:
    size = getattr(value, "nbytes", None)
    if size is not None:
        return int(size)
    if hasattr(value, "getbands"):  # an image of PIL
        return int(value.width * value.height * len(value.getbands()))
    return 0


def _items(inputs: Inputs) -> Mapping[str, Any]:
    return {"items": len(inputs)} if isinstance(inputs, list) else {}
