"""Latency traces of small networks on the reference runtime: each run in a separate process, alone or beside others.

The convolutions are bound by arithmetic, as most networks for phones are. `wide` is bound by memory: each call reads
32 MB of weights, whose speed on a virtual machine is what its neighbours leave of it, and no process can see that.
"""

from __future__ import annotations

import contextlib
import json
import math
import os
import statistics
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytest_coreml.engine import protocol
from pytest_coreml.engine.client import Engine
from pytest_coreml.report.document.codec import decode_measurement, encode_measurement
from pytest_coreml.verdict.regression.prediction_time import SURE_FROM_MS
from pytest_coreml.verdict.regression.run import Run

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pytest_coreml.facts.measurement import Measurement

    Layer = Callable[[Any], Any]

MACHINE = {"chip": None, "os": {"name": "any", "version": None}, "python": "3", "coremltools": None, "runtime": None}


@dataclass(frozen=True)
class Network:
    """Layers of one width: convolutions on a square of *size* pixels, or matrices where *size* is 0."""

    width: int
    size: int
    layers: int

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of the input."""
        return (1, self.width, self.size, self.size) if self.size else (1, self.width)

    @property
    def memory_bound(self) -> bool:
        """True if reading the weights takes longer than the arithmetic."""
        return not self.size

    def layer(self, rng: Any) -> Layer:
        """Make a layer with random weights."""
        import numpy as np
        from coremltools.converters.mil import Builder as mb  # noqa: N813 (the name that everybody uses)

        kernel = (3, 3) if self.size else ()
        weight = (rng.standard_normal((self.width, self.width, *kernel)) / self.width).astype(np.float32)
        if self.size:
            return lambda x: mb.conv(x=x, weight=weight, pad_type="same")
        return lambda x: mb.linear(x=x, weight=weight)

    def save(self, path: Path) -> None:
        """Save the network in single precision."""
        import coremltools as ct
        import numpy as np
        from coremltools.converters.mil import Builder as mb  # noqa: N813

        rng = np.random.default_rng(0)
        layers = [self.layer(rng) for _ in range(self.layers)]

        @mb.program(input_specs=[mb.TensorSpec(shape=self.shape)])
        def program(x: Any) -> Any:
            for layer in layers:
                x = mb.relu(x=layer(x))
            return x

        target, precision = ct.target.iOS17, ct.precision.FLOAT32
        ct.convert(
            program, convert_to="mlprogram", minimum_deployment_target=target, compute_precision=precision,
            skip_model_load=True,
        ).save(str(path))  # fmt: skip


NETWORKS = {
    "tiny": Network(8, 14, 2),
    "small": Network(32, 56, 4),
    "medium": Network(64, 56, 4),
    "large": Network(128, 56, 2),
    "wide": Network(1024, 0, 8),
}


@dataclass
class Traces:
    """The runs of one network, by what else ran."""

    alone: list[Measurement] = field(default_factory=list)
    busy: list[Measurement] = field(default_factory=list)

    @property
    def calm(self) -> list[Measurement]:
        """The undisturbed runs that were made alone."""
        return [run for run in self.alone if Run(MACHINE, run).calm]

    @property
    def batched(self) -> bool:
        """True if a call is so short that several are timed together."""
        return statistics.median(run.p10_ms for run in self.calm or self.alone) < SURE_FROM_MS

    @property
    def spread(self) -> float:
        """Standard deviation of the logarithm of the calm runs' levels."""
        levels = [math.log(run.p10_ms) for run in self.calm]
        return statistics.stdev(levels) if len(levels) > 1 else math.nan


def record_all(runs: int, calls: int) -> dict[str, Traces]:
    """Make *runs* calm runs of every network, in four times as many attempts at most, and as many busy ones."""
    made = {}
    with tempfile.TemporaryDirectory() as folder:
        for name, network in NETWORKS.items():
            path = Path(folder) / f"{name}.mlpackage"
            network.save(path)
            made[name] = _record(path, runs, calls)
            print(describe(name, made[name]), file=sys.stderr)
    return made


def _record(path: Path, wanted: int, calls: int) -> Traces:
    traces = Traces()
    while len(traces.calm) < wanted and len(traces.alone) < 4 * wanted:
        traces.alone.append(_trace(path, calls))
    with _busy_machine():
        traces.busy += [_trace(path, calls) for _ in range(wanted)]
    return traces


def _trace(path: Path, calls: int) -> Measurement:
    engine = Engine("reference", 600)
    try:
        engine.ask(protocol.Load(str(path), "all"))
        return engine.ask(protocol.Measure(None, calls))
    finally:
        engine.close()


@contextlib.contextmanager
def _busy_machine() -> Iterator[None]:
    """Keep every core busy in the `with` block."""
    # Each in a session of its own: Linux shares the cores out between sessions, so that those of one session would all
    # be put on one core, and leave the other one free.
    spin = [sys.executable, "-c", "while True: pass"]
    others = [subprocess.Popen(spin, start_new_session=True) for _ in range(os.cpu_count() or 1)]
    try:
        yield
    finally:
        for other in others:
            other.kill()
            other.wait()


def save(traces: dict[str, Traces], path: Path) -> None:
    """Write traces to a file."""
    document = {
        name: {part: [encode_measurement(run) for run in getattr(runs, part)] for part in ("alone", "busy")}
        for name, runs in traces.items()
    }
    path.write_text(json.dumps(document), encoding="utf-8")


def load(path: Path) -> dict[str, Traces]:
    """Read what `save` has written."""
    document = json.loads(path.read_text(encoding="utf-8"))
    return {
        name: Traces(**{part: [decode_measurement(run) for run in runs] for part, runs in parts.items()})
        for name, parts in document.items()
    }


def describe(name: str, traces: Traces) -> str:
    """Describe a network: the length of its calls, the number of calm runs, and the spread of these."""
    typical = statistics.median(run.p10_ms for run in traces.calm or traces.alone)
    return (
        f"{name}: {typical:.3g} ms, {len(traces.calm)} of {len(traces.alone)} runs calm "
        f"(spread {100 * traces.spread:.1f} %), {len(traces.busy)} beside others"
    )
