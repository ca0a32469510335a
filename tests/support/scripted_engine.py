"""An engine without a process: it answers as scripted, for tests of what becomes of the answers."""

from __future__ import annotations

import itertools
from dataclasses import replace
from typing import Any

# A run of pytest in this process forgets at its end what it was the first to import, but what was made of it stays.
import fastjsonschema  # noqa: F401
import jsonschema  # noqa: F401
import numpy as np  # noqa: F401
import psutil  # noqa: F401
import report_examples

from pytest_coreml.engine import protocol
from pytest_coreml.measurement import LoadTimes, Measurement, Pairs
from pytest_coreml.placement import Placement

FACTS = protocol.EngineFacts(1, "3.12.4", "9.0", "reference", "1.32.0", 2)
SPEC = replace(report_examples.SPEC, inputs=(), states=())


class Script:
    """What the engines of a run answer; *loads*: how often a model was loaded.

    *times*: medians in ms, the next for each measurement, the last for ever; *waiting*: the share of a call that its
    threads waited; *ratio*: of the model to another one that runs alternately with it.
    """

    def __init__(self) -> None:
        self.times: tuple[float, ...] = (10.0,)
        self.waiting = 0.0
        self.ratio = 1.0
        self.load = LoadTimes((30.0,), (400.0,), (100.0, 101.0))
        self.spec = SPEC
        self.placement = Placement((), "no plan here")
        self.loads = 0
        self._measured = itertools.count()

    def measurement(self, calls: int) -> Measurement:
        """Give the next measurement."""
        ms = self.times[min(next(self._measured), len(self.times) - 1)]
        samples = tuple(ms * (1 + 0.001 * (i % 10)) for i in range(calls))
        return Measurement(samples, samples, (self.waiting * ms,) * calls, warmup=20)


class ScriptedEngine:
    """Takes the place of `pytest_coreml.engine.client.Engine`."""

    def __init__(self, script: Script) -> None:
        self._script = script
        self.facts: protocol.EngineFacts | None = FACTS
        self.dead: str | None = None
        self.subject = ""

    def ask(self, request: protocol.Request[Any], on_progress: object = None) -> Any:
        """Answer *request* by the script."""
        if isinstance(request, protocol.Load):
            self._script.loads += 1
            return protocol.Loaded(self._script.spec, self._script.load, "coreml", "Encoder.mlmodelc")
        if isinstance(request, protocol.Measure):
            return self._script.measurement(request.calls)
        if isinstance(request, protocol.MeasurePairs):
            count = request.pairs
            return Pairs((10.0 * self._script.ratio,) * count, (10.0,) * count)
        if isinstance(request, protocol.ReadMemory):
            return 50.0
        if isinstance(request, protocol.ListDevices):
            return ()
        if isinstance(request, protocol.ReadPlan):
            return self._script.placement
        raise AssertionError(f"no answer is scripted for {request}")

    def start(self) -> protocol.EngineFacts:
        """Say what it is made of."""
        return FACTS

    def close(self) -> None:
        """Do nothing: there is no process."""
