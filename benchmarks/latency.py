"""Compare the reference runtime with the same torch network exported to ONNX: latency, and the error against torch.

Run by hand, with torch installed: `python benchmarks/latency.py [--rounds 30] [--compressed] [NETWORK ...]`.
One process and one thread; the models take turns; medians of CPU time. Promised: 1.03 or less for each network, 1.05
for a compressed model against the uncompressed one.
"""

from __future__ import annotations

import argparse
import io
import math
import statistics
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import coremltools as ct
import numpy as np
import onnxruntime
import torch
from torch_networks import NETWORKS

from pytest_coreml.reference import executable
from pytest_coreml.reference.options import RuntimeOptions
from pytest_coreml.reference.package import open_package
from pytest_coreml.reference.proto import read_spec

if TYPE_CHECKING:
    from collections.abc import Callable

    Predict = Callable[[], np.ndarray[Any, Any]]


def main() -> None:
    """Print a line for each model, and the geometric mean of the ratios."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("networks", nargs="*", help=f"some of {', '.join(NETWORKS)}; default all")
    parser.add_argument("--rounds", type=int, default=30)
    parser.add_argument("--compressed", action="store_true", help="4-bit and 8-bit weights against fp32 ones instead")
    arguments = parser.parse_args()
    ratios: list[float] = []
    with tempfile.TemporaryDirectory() as folder:
        for name in arguments.networks or NETWORKS:
            lines, found = compare(name, Path(folder), arguments)
            print(*lines, sep="\n", flush=True)
            ratios += found
    print(f"geometric mean of the ratios: {math.exp(statistics.fmean(map(math.log, ratios))):.3f}")


def compare(name: str, folder: Path, arguments: argparse.Namespace) -> tuple[list[str], list[float]]:
    """Measure one network; give a line for each model but the first, and their ratios to the first."""
    make, shape = NETWORKS[name]
    torch.manual_seed(0)
    network = make().eval()
    example = torch.randint(0, 30000, shape, dtype=torch.int32) if len(shape) == 2 else torch.randn(shape)
    with torch.no_grad():
        expected = network(example).numpy()
    single = convert(network, example, ct.precision.FLOAT32)
    models: dict[str, Predict] = {}
    if arguments.compressed:
        models["fp32"] = ours(single, folder / f"{name}-fp32.mlpackage", example)
        for kind, compressed in compressions(single).items():
            models[kind] = ours(compressed, folder / f"{name}-{kind}.mlpackage", example)
    else:
        half = convert(network, example, ct.precision.FLOAT16)
        models["ONNX"] = native(network, example)
        models["control"] = native(network, example)
        models["fp32"] = ours(single, folder / f"{name}-fp32.mlpackage", example)
        models["fp16 fast"] = ours(half, folder / f"{name}-fp16.mlpackage", example)
    times = alternate(models, arguments.rounds)
    (_, base), *others = times.items()
    errors = {kind: error(models[kind](), expected) for kind, _ in others}
    lines = [
        f"{name:12} {kind:10} {taken:8.2f} ms, of {base:8.2f}: {taken / base:.3f}  error {errors[kind]:.1e}"
        for kind, taken in others
    ]
    return lines, [taken / base for kind, taken in others if kind != "control"]


def convert(network: torch.nn.Module, example: torch.Tensor, precision: Any) -> Any:
    """Convert a traced network as a user does."""
    traced = torch.jit.trace(network, example)
    dtype = np.int32 if example.dtype == torch.int32 else np.float32
    return ct.convert(
        traced,
        inputs=[ct.TensorType(name="x", shape=example.shape, dtype=dtype)],
        convert_to="mlprogram",
        compute_precision=precision,
        minimum_deployment_target=ct.target.iOS18,
        skip_model_load=True,
    )


def compressions(model: Any) -> dict[str, Any]:
    """Give a model with weights in tables of sixteen, and one with weights of eight bits."""
    from coremltools.optimize import coreml as cto

    table = cto.OpPalettizerConfig(mode="uniform", nbits=4)
    eight = cto.OpLinearQuantizerConfig(mode="linear_symmetric")
    return {
        "4-bit": cto.palettize_weights(model, cto.OptimizationConfig(global_config=table)),
        "8-bit": cto.linear_quantize_weights(model, cto.OptimizationConfig(global_config=eight)),
    }


def ours(model: Any, path: Path, example: torch.Tensor) -> Predict:
    """Load a model into the reference runtime."""
    model.save(str(path))
    package = open_package(path)
    loaded = executable.load(package, read_spec(package).mlProgram, "main", RuntimeOptions())
    return _session_run(loaded.session, loaded.lowered.inputs[0].value, example)


def native(network: torch.nn.Module, example: torch.Tensor) -> Predict:
    """Export a network to ONNX, and load it with the same settings."""
    file = io.BytesIO()
    torch.onnx.export(network, (example,), file, opset_version=17, dynamo=False)
    settings = onnxruntime.SessionOptions()
    settings.intra_op_num_threads = settings.inter_op_num_threads = 1
    settings.add_session_config_entry("session.intra_op.allow_spinning", "0")
    session = onnxruntime.InferenceSession(file.getvalue(), settings, providers=["CPUExecutionProvider"])
    return _session_run(session, session.get_inputs()[0].name, example)


def _session_run(session: Any, name: str, example: torch.Tensor) -> Predict:
    feeds = {name: example.numpy()}
    return lambda: session.run(None, feeds)[0]


def alternate(models: dict[str, Predict], rounds: int) -> dict[str, float]:
    """Let the models take turns, in another order each round; give the median CPU time of each in ms."""
    times: dict[str, list[float]] = {name: [] for name in models}
    random = np.random.default_rng(0)
    for turn in range(rounds + 3):
        for name in random.permutation(list(models)):
            began = time.process_time()
            models[name]()
            if turn >= 3:
                times[name].append((time.process_time() - began) * 1e3)
    return {name: statistics.median(taken) for name, taken in times.items()}


def error(result: np.ndarray[Any, Any], expected: np.ndarray[Any, Any]) -> float:
    """Give the relative error over the whole output."""
    return float(np.linalg.norm(result - expected) / np.linalg.norm(expected))


if __name__ == "__main__":
    main()
