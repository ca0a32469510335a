"""Measure the time of each operation on the reference runtime, in a separate pass.

The profiler makes predictions slower: nothing that it has touched is among the measured times.
"""

from __future__ import annotations

import statistics
import time
from typing import TYPE_CHECKING, Final

from pytest_coreml.engine.protocol import OperationTimes
from pytest_coreml.engine.server.load import load_compiled
from pytest_coreml.engine.server.predictor import Predictor
from pytest_coreml.facts.timeline import Event
from pytest_coreml.reference.binding.install import profiled
from pytest_coreml.reference.execution.profiling import Profile

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from pytest_coreml.engine.protocol import ProfileOperations
    from pytest_coreml.reference.execution.profiling import NodeTime

    # Start, end and native time of a call.
    Span = tuple[int, int, float]

WARMUPS: Final = 2
CALLS: Final = 5
# A model of seconds a call is called once.
SECONDS: Final = 3.0


def profile_operations(request: ProfileOperations, folder: Path) -> OperationTimes:
    """Return the times of the operations in one prediction: the one with the median time of a few.

    *folder*: for files of the profiler. Raise `ModelError` if the model cannot be loaded or predict.
    """
    profile = Profile(folder)
    with profiled(profile):
        spans = _call(request)
    nodes = profile.end()
    start, end, native_ms = _median(spans)
    shift = max(profile.clocks(), key=lambda shift: len(_within(nodes, start, end, shift)))
    events = tuple(_event(node, shift) for node in _within(nodes, start, end, shift))
    return OperationTimes(start, end - start, native_ms, len(spans), events)


def _call(request: ProfileOperations) -> list[Span]:
    predictor = Predictor(load_compiled(request), request.spec, None)
    call = predictor.sequence(predictor.slot(predictor.inputs_of(request.measure), {}), request.measure.sequence)
    deadline = time.monotonic() + SECONDS
    spans: list[Span] = []
    for number in range(WARMUPS + CALLS):
        start = time.perf_counter_ns()
        native_ms, _ = call()
        spans.append((start, time.perf_counter_ns(), native_ms))
        if time.monotonic() > deadline and number > 0:
            break
    return spans[min(WARMUPS, len(spans) - 1) :]


def _median(spans: Sequence[Span]) -> Span:
    middle = statistics.median_low([native_ms for *_, native_ms in spans])
    return next(span for span in spans if span[2] == middle)


def _within(nodes: Sequence[NodeTime], start: int, end: int, shift: int) -> list[NodeTime]:
    # The profiler rounds to microseconds.
    return [
        node
        for node in nodes
        if start - 1000 <= node.start_ns + shift and node.start_ns + shift + node.duration_ns <= end + 1000
    ]


def _event(node: NodeTime, shift: int) -> Event:
    details = {"operation": node.name, "device": "cpu", "onnx": node.node}
    return Event("compute", node.operator, node.start_ns + shift, node.duration_ns, details)
