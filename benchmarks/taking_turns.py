"""Sessions of both sides with the same settings, and turns between them: what ratios of CPU time are made of.

Where in a process a model was loaded, first or last, moves its times by a tenth, and so does which memory it happens to
get. So each comparison is made in as many fresh processes as there are models, or a multiple of that; each loads them
in another order.
"""

from __future__ import annotations

import multiprocessing
import statistics
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import onnxruntime

from pytest_coreml.engine.server.coremltools_import import import_coremltools
from pytest_coreml.reference.execution import executable
from pytest_coreml.reference.format.package import open_package
from pytest_coreml.reference.format.proto import read_spec
from pytest_coreml.reference.options import RuntimeOptions

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from numpy.typing import NDArray

    Arrays = dict[str, NDArray[Any]]
    Predict = Callable[[], Arrays]

WARM_UP = 3


def ours(path: Path) -> executable.Executable:
    """Load a package into the reference runtime, one thread."""
    import_coremltools("reference", "fast")
    package = open_package(path)
    return executable.load(package, read_spec(package, functions=False).mlProgram, "main", RuntimeOptions())


def native(path: Path) -> onnxruntime.InferenceSession:
    """Load an export with the same settings."""
    settings = onnxruntime.SessionOptions()
    settings.intra_op_num_threads = settings.inter_op_num_threads = 1
    settings.add_session_config_entry("session.intra_op.allow_spinning", "0")
    return onnxruntime.InferenceSession(str(path), settings, providers=["CPUExecutionProvider"])


def predict_ours(path: Path, inputs: Arrays) -> Predict:
    """Return a call of a package."""
    function = ours(path)
    return lambda: function.run(inputs)


def predict_native(path: Path, inputs: Arrays) -> Predict:
    """Return a call of an export."""
    session = native(path)
    names = [output.name for output in session.get_outputs()]
    return lambda: dict(zip(names, session.run(names, inputs), strict=True))


def compare(
    makers: Mapping[str, Callable[[], Predict]], rounds: int, expected: Arrays, repeats: int = 1
) -> dict[str, Compared]:
    """Compare calls with the first of them; `makers` make them, and can be sent to another process."""
    names = list(makers)
    orders = [names[shift:] + names[:shift] for shift in range(len(names))] * repeats
    runs = [fresh(_alternate, {name: makers[name] for name in order}, rounds, expected) for order in orders]
    medians = {name: [run[name][0] for run in runs] for name in names}
    base = medians[names[0]]
    return {
        name: Compared(
            statistics.median(taken),
            statistics.geometric_mean([own / other for own, other in zip(taken, base, strict=True)]),
            runs[0][name][1],
        )
        for name, taken in medians.items()
    }


@dataclass(frozen=True)
class Compared:
    """The CPU time of a call in ms, its ratio to that of the first, and how far its outputs are from those expected."""

    ms: float
    ratio: float
    error: float


def fresh(function: Callable[..., Any], *arguments: Any) -> Any:
    """Call a function in a separate process."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(function, arguments)


def _alternate(
    makers: Mapping[str, Callable[[], Predict]], rounds: int, expected: Arrays
) -> dict[str, tuple[float, float]]:
    """Interleave calls, in another order each round; return the median CPU time in ms of each, and its error."""
    calls = {name: make() for name, make in makers.items()}
    times: dict[str, list[float]] = {name: [] for name in calls}
    random = np.random.default_rng(0)
    for turn in range(rounds + WARM_UP):
        for name in random.permutation(list(calls)):
            began = time.process_time()
            calls[name]()
            if turn >= WARM_UP:
                times[name].append((time.process_time() - began) * 1e3)
    return {name: (statistics.median(times[name]), error(call(), expected)) for name, call in calls.items()}


def error(results: Arrays, expected: Arrays) -> float:
    """Return the largest relative error over a whole output."""
    return max(float(np.linalg.norm(results[name] - array) / np.linalg.norm(array)) for name, array in expected.items())
