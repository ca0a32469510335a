"""Compare a decoder whose cache is a state with the same decoder exported to ONNX, whose cache is passed by the caller.

Run manually: `python benchmarks/decoding.py --models FOLDER [--from 256] [--tokens 30]`; what is not in the folder is
made first, which needs torch. One thread, token by token in turns, each with its own cache of the same length, in
processes as `latency.py` has them; medians of CPU time. The export appends to the cache; its tensors stay in ONNX
Runtime, bound as outputs and then as inputs, which is the quickest way to pass them. `control` is the export again.
Promised: 1.0 or less, for a state a layer and for one state of all layers.
"""

from __future__ import annotations

import argparse
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from taking_turns import WARM_UP, compare, fresh, native, ours

from pytest_coreml.reference.execution.state import StateTensors

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray
    from taking_turns import Arrays, Predict

LONGEST = 1024
NETWORKS = ("StatefulCache", "StackedCache")
PRECISIONS = ("fp32", "fp16")


def main() -> None:
    """Print a line for each model."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models", type=Path, required=True, metavar="FOLDER")
    parser.add_argument("--from", type=int, default=256, dest="length", help="tokens that are remembered at first")
    parser.add_argument("--tokens", type=int, default=30)
    parser.add_argument("--repeats", type=int, default=1, help="how often each order of loading is tried")
    parser.add_argument("--only", nargs="*", default=[], help="some of the lines, such as 'StackedCache fp16'")
    arguments = parser.parse_args()
    export = arguments.models / "decoder.onnx"
    if not export.exists():
        _export(export)
    makers = {name: partial(_native_steps, export, arguments.length) for name in ("native", "control")}
    for network in NETWORKS:
        for precision in PRECISIONS:
            path = arguments.models / f"{network}-{precision}.mlpackage"
            if not path.exists():
                _convert(network, precision).save(str(path))
            makers[f"{network} {precision}"] = partial(_our_steps, path, arguments.length)
    makers = {name: make for name, make in makers.items() if name == "native" or name in (arguments.only or makers)}
    expected = fresh(_after, makers["native"], arguments.tokens)
    for name, found in compare(makers, arguments.tokens, expected, arguments.repeats).items():
        print(f"{name:20} {found.ms:8.2f} ms a token: {found.ratio:.3f}  against native {found.error:.1e}")


def _after(make: Callable[[], Predict], tokens: int) -> Arrays:
    """Return the scores after so many tokens."""
    step = make()
    for _ in range(tokens + WARM_UP):
        step()
    return step()


def _token(place: int) -> dict[str, NDArray[Any]]:
    # The token does not depend on the scores, so that all decoders do the same in spite of rounding.
    return {"token": np.array([[place % 1000]], np.int32), "place": np.array([[place]], np.int32)}


def _native_steps(path: Path, length: int) -> Predict:
    """Return a call that makes the next token with the export."""
    from onnxruntime import OrtValue

    session = native(path)
    names = [value.name for value in session.get_inputs()][2:]
    cache = [OrtValue.ortvalue_from_numpy(array) for array in _remembered(length, names).values()]
    place = length

    def step() -> Arrays:
        nonlocal cache, place
        binding = session.io_binding()
        for name, array in _token(place).items():
            binding.bind_cpu_input(name, array)
        for name, value in zip(names, cache, strict=True):
            binding.bind_ortvalue_input(name, value)
        for output in session.get_outputs():
            binding.bind_output(output.name)
        session.run_with_iobinding(binding)
        scores, *cache = binding.get_outputs()
        place += 1
        return {"scores": scores.numpy()}

    return step


def _our_steps(path: Path, length: int) -> Predict:
    """Return a call that makes the next token with a package."""
    function = ours(path)
    states = StateTensors(function.lowered.states).arrays
    names = [f"{kind}{layer}" for layer in range(12) for kind in ("k", "v")]
    for name, array in _remembered(length, names).items():
        state = states[name] if name in states else states[name[0]][int(name[1:])]
        state[:, :, :length] = array
    place = length

    def step() -> Arrays:
        nonlocal place
        mask = np.zeros((1, place + 1), np.float32)
        (scores,) = function.run({**_token(place), "mask": mask}, states).values()
        place += 1
        return {"scores": scores}

    return step


def _remembered(length: int, names: list[str]) -> dict[str, NDArray[Any]]:
    random = np.random.default_rng(0)
    return {name: random.standard_normal((1, 12, length, 64), np.float32) for name in names}


# Making the models


def _network(name: str) -> Any:
    import torch
    import torch_decoders

    torch.manual_seed(0)
    return getattr(torch_decoders, name)().eval().requires_grad_(False)


def _export(path: Path) -> None:
    import torch
    from torch_decoders import cache_names, passed_inputs

    network, inputs = _network("PassedCache"), passed_inputs(10)
    dynamic = {name: {2: "remembered"} for name in cache_names()}
    torch.onnx.export(
        network,
        tuple(inputs.values()),
        str(path),
        input_names=list(inputs),
        output_names=["scores", *(f"new-{name}" for name in cache_names())],
        dynamic_axes={**dynamic, **{f"new-{name}": axes for name, axes in dynamic.items()}},
        opset_version=17,
        dynamo=False,
    )


def _convert(name: str, precision: str) -> Any:
    import coremltools as ct
    import torch
    from torch_decoders import stateful_inputs

    network, inputs = _network(name), stateful_inputs(10)
    states = [
        ct.StateType(wrapped_type=ct.TensorType(shape=buffer.shape, dtype=np.float16), name=key)
        for key, buffer in network.named_buffers()
    ]
    token = [ct.TensorType(name=key, shape=(1, 1), dtype=np.int32) for key in ("token", "place")]
    longer = ct.RangeDim(1, LONGEST, default=10)
    return ct.convert(
        torch.jit.trace(network, tuple(inputs.values())),
        inputs=[*token, ct.TensorType(name="mask", shape=(1, longer), dtype=np.float32)],
        states=states,
        convert_to="mlprogram",
        compute_precision=ct.precision.FLOAT32 if precision == "fp32" else ct.precision.FLOAT16,
        minimum_deployment_target=ct.target.iOS18,
        skip_model_load=True,
    )


if __name__ == "__main__":
    main()
