"""Compare `MLModel.predict` of the drop-in with a bare session of ONNX Runtime that executes the same graph.

Run manually: `python benchmarks/dropin_overhead.py [--rounds 30]`. Both use one session in one process and one thread,
so that the difference is what lies around the session: coremltools' Python, checks, and conversions. Calls alternate;
the ratio is that of the medians of CPU time, since other processes hold the CPU during some calls. The networks are
MobileNetV2 (224 x 224) and a detector of the size of YOLOv8n (640 x 640), with random weights. In half precision the
session takes and returns half precision, which coremltools converts from and to float32.
Promised: 1.03 or less.
"""

from __future__ import annotations

import argparse
import statistics
import time
from typing import TYPE_CHECKING, Any

import numpy as np

from pytest_coreml import reference

if TYPE_CHECKING:
    from collections.abc import Callable

RANDOM = np.random.default_rng(0)


def main() -> None:
    """Print a line for each network and precision."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=30)
    arguments = parser.parse_args()
    reference.install(threads=1)
    for name, build, size in (("MobileNetV2", mobilenet, 224), ("YOLOv8n-size", detector, 640)):
        for precision in ("float32", "float16"):
            dropin, bare = calls(build, size, precision)
            ours, theirs = alternate(dropin, bare, arguments.rounds)
            print(
                f"{name:13} {precision}: drop-in {ours:7.2f} ms, bare {theirs:7.2f} ms: {ours / theirs:.3f}", flush=True
            )


def calls(build: Callable[[Any], Any], size: int, precision: str) -> tuple[Callable[[], Any], Callable[[], Any]]:
    """Return a prediction by the drop-in, and one by its session alone."""
    model = convert(build, size, precision)
    x = RANDOM.standard_normal((1, 3, size, size)).astype(np.float32)
    executable = model.__proxy__._model._executable  # what the drop-in executes
    outputs = [port.value for port in executable.lowered.outputs]
    feeds = {executable.lowered.inputs[0].value: x.astype(precision)}
    return lambda: model.predict({"x": x}), lambda: executable.session.run(outputs, feeds)


def convert(build: Callable[[Any], Any], size: int, precision: str) -> Any:
    """Convert a network whose inputs and outputs have this precision."""
    import coremltools as ct
    from coremltools.converters.mil import Builder as mb  # noqa: N813 - the name that everybody uses
    from coremltools.converters.mil.mil import types

    dtype = types.fp16 if precision == "float16" else types.fp32

    @mb.program(input_specs=[mb.TensorSpec((1, 3, size, size), dtype=dtype)], opset_version=ct.target.iOS17)
    def program(x: Any) -> Any:
        return build(Layers(mb, np.dtype(precision), x))

    compute = ct.precision.FLOAT16 if precision == "float16" else ct.precision.FLOAT32
    return ct.convert(program, minimum_deployment_target=ct.target.iOS17, compute_precision=compute)


class Layers:
    """Convolutions with random weights, one after the other."""

    def __init__(self, mb: Any, dtype: np.dtype[Any], x: Any) -> None:
        self.mb, self.dtype, self.x = mb, dtype, x

    def conv(self, channels: int, size: int, stride: int = 1, *, depthwise: bool = False, active: bool = True) -> Any:
        """Add a convolution, with relu6 or without."""
        inputs = self.x.shape[1]
        groups = inputs if depthwise else 1
        weight = RANDOM.standard_normal((channels, inputs // groups, size, size)) / (size * (inputs / groups) ** 0.5)
        self.x = self.mb.conv(
            x=self.x,
            weight=weight.astype(self.dtype),
            bias=np.zeros(channels, self.dtype),
            strides=[stride, stride],
            pad_type="same",
            groups=groups,
        )
        if active:
            self.x = self.mb.relu6(x=self.x)
        return self.x


def mobilenet(layers: Layers) -> Any:
    """Build MobileNetV2."""
    layers.conv(32, 3, 2)
    table = ((1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1), (6, 160, 3, 2), (6, 320, 1, 1))
    for expansion, channels, repeats, stride in table:
        for number in range(repeats):
            entered = layers.x
            hidden = entered.shape[1] * expansion
            if expansion > 1:
                layers.conv(hidden, 1)
            layers.conv(hidden, 3, stride if number == 0 else 1, depthwise=True)
            layers.conv(channels, 1, active=False)
            if number:
                layers.x = layers.mb.add(x=entered, y=layers.x)
    layers.conv(1280, 1)
    pooled = layers.mb.reduce_mean(x=layers.x, axes=[2, 3], keep_dims=False)
    weight = (RANDOM.standard_normal((1000, 1280)) / 36).astype(layers.dtype)
    return layers.mb.linear(x=pooled, weight=weight, name="logits")


def detector(layers: Layers) -> Any:
    """Build a detector of about nine billion operations, whose output has the size of YOLOv8n's."""
    for channels, repeats in ((16, 0), (32, 2), (64, 4), (128, 4)):
        layers.conv(channels, 3, 2)
        for _ in range(repeats):
            entered = layers.x
            layers.conv(channels // 2, 1)
            layers.conv(channels, 3)
            layers.x = layers.mb.add(x=entered, y=layers.x)
    layers.conv(84, 1)
    layers.conv(84 * 4, 1, active=False)
    return layers.mb.reshape(x=layers.x, shape=[1, 84, -1], name="boxes")


def alternate(ours: Callable[[], Any], theirs: Callable[[], Any], rounds: int) -> tuple[float, float]:
    """Interleave calls of both; return the medians of CPU time in ms."""
    times: dict[bool, list[float]] = {True: [], False: []}
    for number in range(rounds + 3):
        for is_ours in (True, False) if number % 2 else (False, True):
            start = time.process_time()
            (ours if is_ours else theirs)()
            if number >= 3:
                times[is_ours].append((time.process_time() - start) * 1e3)
    return statistics.median(times[True]), statistics.median(times[False])


if __name__ == "__main__":
    main()
