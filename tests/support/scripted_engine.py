"""An engine without a process: it answers as scripted, for tests of what becomes of the answers."""

from __future__ import annotations

import pickle
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

# A run of pytest in this process forgets at its end what it was the first to import, but what was made of it stays.
import jsonschema  # noqa: F401
import jsonschema_rs  # noqa: F401
import numpy as np  # noqa: F401
import psutil  # noqa: F401
import report_examples

import pytest_coreml.plugin.hooks
import pytest_coreml.plugin.limit_coverage
import pytest_coreml.plugin.markers
import pytest_coreml.plugin.run_results  # noqa: F401
from pytest_coreml.engine import protocol
from pytest_coreml.facts.measurement import LoadTimes, Measurement, Pairs
from pytest_coreml.facts.placement import Placement
from pytest_coreml.facts.runtime import RuntimeFacts

if TYPE_CHECKING:
    from pytest_coreml.facts.model_spec import ModelSpec

FACTS = RuntimeFacts(1, "3.12.4", "9.0", "reference", "1.32.0", 2)
# The environment variable that tells the folder of the script.
FOLDER: Final = "SCRIPT_OF_ENGINES"
LOAD = LoadTimes((30.0,), (400.0,), (100.0, 101.0))
NO_PLAN = Placement((), "no plan here")
ALWAYS: Final[dict[type, Any]] = {
    protocol.ReadMemory: 50.0,
    protocol.ListDevices: (),
    protocol.CompareOutputs: protocol.OutputsCompared(0, (), ()),
}
SPEC = replace(report_examples.SPEC, inputs=(), states=())


@dataclass
class Script:
    """The answers of a run's engines, kept in *folder*, where other processes read them and note what they did.

    *times*: medians in ms, the next for each measurement from now on, the last for ever; *waiting*: the share of a call
    that its threads waited; *slower*: how much slower than others a model is that is interleaved with another, by the
    name of its file; *first_slower*: the same of the one that was loaded first.
    """

    folder: Path
    times: tuple[float, ...] = (10.0,)
    waiting: float = 0.0
    slower: dict[str, float] = field(default_factory=dict)
    first_slower: float = 1.0
    load: LoadTimes = LOAD
    spec: ModelSpec = SPEC
    placement: Placement = NO_PLAN
    measured_before: int = 0

    @classmethod
    def of(cls, folder: Path) -> Script:
        """Read the script in *folder*."""
        script: Script = pickle.loads((folder / "script").read_bytes())
        return script

    def __setattr__(self, name: str, value: object) -> None:
        super().__setattr__(name, value)
        if name == "times":
            self.measured_before = self.count("measured")
        (self.folder / "script").write_bytes(pickle.dumps(self))

    def note(self, event: str) -> None:
        """Note that an engine has done something."""
        with (self.folder / "journal").open("a") as journal:
            journal.write(event + "\n")

    def count(self, event: str) -> int:
        """Return how often engines have noted *event*."""
        journal = self.folder / "journal"
        return journal.read_text().split().count(event) if journal.exists() else 0

    @property
    def loads(self) -> int:
        """The number of loads of a model."""
        return self.count("loaded")

    def measurement(self, calls: int) -> Measurement:
        """Return the next measurement."""
        ms = self.times[min(self.count("measured") - self.measured_before, len(self.times) - 1)]
        self.note("measured")
        samples = tuple(ms * (1 + 0.001 * (i % 10)) for i in range(calls))
        return Measurement(samples, samples, (self.waiting * ms,) * calls, warmup=20)


class ScriptedEngine:
    """Takes the place of `pytest_coreml.engine.client.Engine`."""

    def __init__(self, script: Script) -> None:
        self._script = script
        self.facts: RuntimeFacts | None = FACTS
        self.dead: str | None = None
        self.interrupted = False
        self.subject = ""
        self._held = ""

    def ask(self, request: protocol.Request[Any], on_progress: object = None) -> Any:
        """Answer *request* by the script."""
        if isinstance(request, protocol.Load):
            self._script.note("loaded")
            self._held = request.path
            return protocol.Loaded(self._script.spec, self._script.load, "coreml", "Encoder.mlmodelc")
        if isinstance(request, protocol.Predict):
            return protocol.Prediction({}, native_ms=10.0, wall_ms=10.0)
        if isinstance(request, protocol.Measure):
            return replace(self._script.measurement(request.calls), seconds=request.seconds)
        if isinstance(request, protocol.MeasurePairs):
            first, other = (
                10.0 * self._script.slower.get(Path(path).name, 1.0) for path in (self._held, request.other)
            )
            return Pairs((first * self._script.first_slower,) * request.pairs, (other,) * request.pairs)
        if isinstance(request, (protocol.Describe, protocol.ReadPlan)):
            return self._script.spec if isinstance(request, protocol.Describe) else self._script.placement
        if type(request) in ALWAYS:
            return ALWAYS[type(request)]
        raise AssertionError(f"no answer is scripted for {request}")

    def start(self) -> RuntimeFacts:
        """Return the facts about the engine."""
        return FACTS

    def close(self) -> None:
        """Do nothing: there is no process."""
