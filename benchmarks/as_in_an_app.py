"""Measure predictions as an app makes them: scenarios, backed outputs, and predictions in flight.

Run manually: `python benchmarks/as_in_an_app.py [scenario] [backing] [in-flight]`, on two cores that are idle.
scenario: the CPU time that recording, and the reading of waits before and after it, add to a prediction, in µs;
promised: under 20 together. The reading is between the clocks of the engine and of the test, so that it is in no
figure.
backing: an output of 100 MB that the model writes into the caller's array, beside one that is copied there; CPU time.
in-flight: the throughput of four predictions in flight over that of one, for a model whose operations do not fill two
cores, each prediction with all threads; promised: at least 1.5.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from functools import partial
from pathlib import Path
from typing import Any

import coremltools as ct
import numpy as np
from coremltools.converters.mil import Builder as mb  # noqa: N813 - the name that everybody uses
from coremltools.converters.mil.mil import types
from dropin_overhead import alternate

from pytest_coreml.engine.client import Engine
from pytest_coreml.engine.lease import EngineKey
from pytest_coreml.engine.protocol import Load, Measure, Prediction
from pytest_coreml.engine.server.run_queue import open_run_queue
from pytest_coreml.session.model import Listeners
from pytest_coreml.session.options import Options
from pytest_coreml.session.scenario_call import Recorder
from pytest_coreml.session.session import Session


def main() -> None:
    """Print a line for each measurement."""
    every = {"scenario": scenario, "backing": backing, "in-flight": in_flight}
    with tempfile.TemporaryDirectory() as folder:
        for name in sys.argv[1:] or every:
            every[name](Path(folder))


def scenario(folder: Path) -> None:
    """Record predictions, and read waits in a process with the threads of an engine."""
    reading = reading_us()
    path = save(folder, lambda x: mb.relu(x=x, name="y"), (1, 4))
    session = Session(Options(folder, runtime="reference"), Listeners())
    model = session.models.load(EngineKey(str(path), "all"))
    recorded = record_us(Recorder(), model)
    print(f"scenario: {recorded:.1f} µs to record a prediction, {reading:.1f} µs to read waits twice", flush=True)
    session.close()


def record_us(recorder: Recorder, model: Any) -> float:
    """Return the CPU time to record one prediction, in µs."""
    prediction, start = Prediction({}, 1.0, 1.0, None, 0.0), time.process_time()
    for _ in range(100_000):
        recorder.record(model, prediction, start)
    return (time.process_time() - start) / 100_000 * 1e6


def reading_us() -> float:
    """Return the CPU time of the two readings that the engine makes around a prediction, in µs."""
    delay = open_run_queue()
    start = time.process_time()
    for _ in range(20_000):
        if delay is not None:
            delay.read_ms()
    return (time.process_time() - start) / 10_000 * 1e6


def backing(folder: Path) -> None:
    """Get 100 MB into an array of the caller, in single and in half precision."""
    from pytest_coreml import reference

    reference.install(threads=1)
    for precision in ("float32", "float16"):
        rows = 5000 if precision == "float32" else 10_000
        half = types.fp16 if precision == "float16" else types.fp32
        path = save(folder, partial(tiled, rows), (1, 1), half)
        proxy = ct.models.MLModel(str(path)).__proxy__
        mine = np.zeros((rows, 5000), precision)
        ours, theirs = alternate(partial(backed, proxy, mine), partial(copied, proxy, mine), 10)
        print(f"backing: 100 MB of {precision}: backed {ours:.1f} ms, copied {theirs:.1f} ms", flush=True)


def backed(proxy: Any, mine: Any) -> None:
    """Predict into the array."""
    proxy.predict_into({"x": np.ones((1, 1), mine.dtype)}, None, {"y": mine})


def copied(proxy: Any, mine: Any) -> None:
    """Predict, and copy the output into the array."""
    mine[...] = proxy.predict({"x": np.ones((1, 1), np.float32)}, None)["y"]


def tiled(rows: int, x: Any) -> Any:
    """Repeat one number."""
    return mb.tile(x=x, reps=[rows, 5000], name="y")


def in_flight(folder: Path) -> None:
    """Run an LSTM of 200 steps, whose operations are small, one at a time and four at a time."""
    random = np.random.default_rng(0)
    weights = {
        name: random.standard_normal(shape).astype(np.float32) / 16
        for name, shape in (("weight_ih", (512, 64)), ("weight_hh", (512, 128)), ("bias", (512,)))
    }
    zeros = np.zeros((1, 128), np.float32)

    def lstm(x: Any) -> Any:
        return mb.identity(
            x=mb.lstm(x=x, initial_h=zeros, initial_c=zeros, direction="forward", **weights)[1], name="y"
        )

    engine = load(save(folder, lstm, (200, 1, 64)), "--threads=all")
    one, four = [], []
    for _ in range(3):
        one.append(engine.ask(Measure(None, 40)).throughput)
        four.append(engine.ask(Measure(None, 40, in_flight=4)).throughput)
    alone, together = statistics.median(one), statistics.median(four)
    print(f"in-flight: {together:.0f} a second with four, {alone:.0f} with one: {together / alone:.2f}", flush=True)
    engine.close()


def load(path: Path, *words: str) -> Engine:
    """Return an engine that has loaded a model."""
    engine = Engine("reference", 600, words)
    engine.ask(Load(str(path), "all"))
    return engine


def save(folder: Path, body: Any, shape: tuple[int, ...], dtype: Any = types.fp32) -> Path:
    """Save a model of one input."""

    @mb.program(input_specs=[mb.TensorSpec(shape, dtype=dtype)], opset_version=ct.target.iOS17)
    def program(x: Any) -> Any:
        return body(x)

    path = folder / f"{len(list(folder.iterdir()))}.mlpackage"
    options = {"compute_precision": ct.precision.FLOAT32, "minimum_deployment_target": ct.target.iOS17}
    ct.convert(program, skip_model_load=True, **options).save(str(path))
    return path


if __name__ == "__main__":
    main()
