"""Measure what agreement on 20 inputs costs, relative to the bare predictions of both sides, for a network of the size
of ResNet50: 25 million weights, 1,000 logits.

Run manually: `python benchmarks/agreement_cost.py [ROUNDS]`. Promised: less than 1.2 times for the network. Bare is the
time around the framework's own calls, of 20 predictions on each side, without the way of a tensor to or from an engine.
Agreement makes the examples, predicts on both sides, once more for the repeated call, and compares; both alternate.
The ratio of CPU times, of engines and this process, is that of a busy machine; its bare side sends inputs to engines.

`--large` compares an output of 100 MB for each of 5 inputs instead, and prints what this process, which takes the place
of pytest's, has read and by how much its memory has grown; Linux only. Promised: tensors are compared where they are,
so both are far less than one output.
"""

from __future__ import annotations

import argparse
import resource
import statistics
import tempfile
import time
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import coremltools as ct
import numpy as np
import psutil
from coremltools.converters.mil import Builder as mb  # noqa: N813 (the name that everybody uses)

from pytest_coreml.engine.input_sequences import InputSequences
from pytest_coreml.facts.agreement import Comparing
from pytest_coreml.session.model import Listeners
from pytest_coreml.session.models import Models
from pytest_coreml.session.options import Options
from pytest_coreml.session.output_comparison import Comparison, compare_with

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pytest_coreml.session.model import CoreMLModel

INPUTS = 20
LARGE_INPUTS = 5
# The square of this, in single precision, is 100 MB.
LARGE_SIDE = 5000
STAGES = ((64, 3, 1), (128, 4, 2), (256, 6, 2), (512, 3, 2))
RANDOM = np.random.default_rng(0)


def residual_network() -> Any:
    """Build a network with the layers of ResNet50, without normalization."""

    @mb.program(input_specs=[mb.TensorSpec(shape=(1, 3, 224, 224))])
    def program(image: Any) -> Any:
        x = mb.max_pool(x=conv(image, 3, 64, 7, 2), kernel_sizes=[3, 3], strides=[2, 2], pad_type="same")
        channels = 64
        for width, blocks, stride in STAGES:
            for block in range(blocks):
                step = stride if block == 0 else 1
                y = mb.relu(x=conv(x, channels, width, 1))
                y = conv(mb.relu(x=conv(y, width, width, 3, step)), width, 4 * width, 1)
                shortcut = conv(x, channels, 4 * width, 1, step) if block == 0 else x
                x, channels = mb.relu(x=mb.add(x=y, y=shortcut)), 4 * width
        x = mb.reshape(x=mb.reduce_mean(x=x, axes=[2, 3]), shape=[1, channels])
        return mb.linear(x=x, weight=weight(1000, channels), name="logits")

    return convert(program)


def large_output() -> Any:
    """Build a model that makes 25 million elements of a few."""

    @mb.program(input_specs=[mb.TensorSpec(shape=(LARGE_SIDE, 1)), mb.TensorSpec(shape=(1, LARGE_SIDE))])
    def program(x: Any, y: Any) -> Any:
        return mb.mul(x=x, y=y, name="product")

    return convert(program)


def conv(x: Any, channels: int, filters: int, size: int, stride: int = 1) -> Any:
    return mb.conv(x=x, weight=weight(filters, channels, size, size), strides=[stride, stride], pad_type="same")


def weight(*shape: int) -> Any:
    return (RANDOM.standard_normal(shape) * np.sqrt(1 / np.prod(shape[1:]))).astype(np.float32)


def convert(program: Any) -> Any:
    return ct.convert(
        program,
        convert_to="mlprogram",
        minimum_deployment_target=ct.target.iOS17,
        compute_precision=ct.precision.FLOAT32,
        skip_model_load=True,
    )


def bare_seconds(*sides: CoreMLModel) -> float:
    """Return the native time of the predictions of both sides."""
    inputs = sides[0].example_inputs()
    return sum(side.lease.predict(inputs, None).native_ms for side in sides for _ in range(INPUTS)) / 1e3


def agreement_seconds(model: CoreMLModel, reference: CoreMLModel, inputs: int = INPUTS) -> float:
    """Return the wall time of a comparison with all its work."""
    outputs = tuple(output.name for output in model.spec.outputs)
    comparison = Comparison(InputSequences(inputs), outputs, Comparing())
    start = time.perf_counter()
    agreement, _ = compare_with(comparison, model, "reference", partial(comparison.store, reference))
    assert agreement.outputs[0].identical
    return time.perf_counter() - start


@contextmanager
def loaded(network: Any) -> Iterator[tuple[CoreMLModel, CoreMLModel]]:
    """Load a model on two compute units, by an engine for each."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "network.mlpackage"
        network.save(str(path))
        models = Models(Options(Path(folder), runtime="reference"), Listeners())
        yield models.load(models.key(path, Path(), "all")), models.load(models.key(path, Path(), "cpuOnly"))
        models.close()


def main(rounds: int) -> None:
    """Alternate, and print the medians."""
    with loaded(residual_network()) as sides:
        times = [(with_cpu(bare_seconds, *sides), with_cpu(agreement_seconds, *sides)) for _ in range(rounds)]
    for index, clock in enumerate(("wall time", "CPU time")):
        ratios = sorted(agreement[index] / bare[index] for bare, agreement in times)
        bare = statistics.median(bare[index] for bare, _ in times)
        spread = f"lowest {ratios[0]:.2f}, highest {ratios[-1]:.2f}"
        print(f"{clock}: {statistics.median(ratios):.2f} times {bare:.1f} s ({spread})")


def with_cpu(function: Callable[..., float], *sides: CoreMLModel) -> tuple[float, float]:
    """Return the seconds that *function* returns, and those of CPU time of this process and its engines."""
    before = cpu_seconds()
    return function(*sides), cpu_seconds() - before


def cpu_seconds() -> float:
    """Return the CPU time so far of this process and its engines."""
    own = psutil.Process()
    return sum(sum(process.cpu_times()[:2]) for process in (own, *own.children(recursive=True)))


def bytes_read() -> int:
    """Return the bytes that this process has read, from files and from engines."""
    return int(Path("/proc/self/io").read_text().split()[1])


def main_large(rounds: int) -> None:
    """Print the time of an input, and what one comparison costs this process."""
    with loaded(large_output()) as sides:
        agreement_seconds(*sides, 1)
        memory, before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, bytes_read()
        seconds = [agreement_seconds(*sides, LARGE_INPUTS) / LARGE_INPUTS for _ in range(rounds)]
        read, grown = bytes_read() - before, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - memory
    median = statistics.median(seconds)
    print(f"{median:.2f} s an input, {read / rounds / 1e6:.3f} MB read a comparison, {grown / 1e3:.1f} MB more memory")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("rounds", type=int, nargs="?", default=3)
    parser.add_argument("--large", action="store_true")
    arguments = parser.parse_args()
    (main_large if arguments.large else main)(arguments.rounds)
