"""Measure how cost grows: a load and its memory with the weights, lowering with the number of operations.

Run manually: `python benchmarks/growth.py [--rounds 3]`; it does not need torch. Packages of 16 layers and 50 to 400 MB
are made, each is loaded and run once in fresh processes; programs of up to 30,000 operations of eight types are
lowered.
Promised: both linear, which is to say that what a MB or an operation costs does not grow; 10,000 operations under 3 s.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

import coremltools as ct
import numpy as np
from coremltools.converters.mil import Builder as mb  # noqa: N813 (the name that everybody uses)
from load_cost import cost
from taking_turns import fresh

from pytest_coreml.reference.execution import executable
from pytest_coreml.reference.format.package import MemoryPackage
from pytest_coreml.reference.lowering.ops import handlers
from pytest_coreml.reference.options import RuntimeOptions

LAYERS = 16
MEGABYTES = (50, 100, 200, 400)
OPERATIONS = (1_000, 3_000, 10_000, 30_000)
CONVERSION = {"convert_to": "mlprogram", "compute_precision": ct.precision.FLOAT32, "skip_model_load": True}


def main() -> None:
    """Print a line for each size."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    rounds = parser.parse_args().rounds
    with tempfile.TemporaryDirectory() as folder:
        for size in MEGABYTES:
            path, width = Path(folder, f"{size}.mlpackage"), int((size * 1e6 / 4 / LAYERS) ** 0.5)
            layers(width).save(str(path))
            inputs = {"x": np.ones((1, width), np.float32)}
            rows = [fresh(cost, path, inputs) for _ in range(rounds)]
            ms, mb_ = (statistics.median(column) for column in zip(*rows, strict=True))
            print(f"{size:6} MB: load {ms:7.1f} ms, {ms / size:.3f} a MB; memory {mb_:7.1f} MB, {mb_ / size:.2f} a MB")
    handlers()
    for count in OPERATIONS:
        program = repeated(count)
        ms = statistics.median(lowering_ms(program) for _ in range(rounds))
        print(f"{count:6} operations: lowered in {ms:7.1f} ms, {ms / count * 1e3:.1f} us each")


def layers(width: int) -> Any:
    """Make a model whose weights are square matrices."""
    random = np.random.default_rng(0)

    @mb.program(input_specs=[mb.TensorSpec((1, width))], opset_version=ct.target.iOS16)
    def program(x):
        for _ in range(LAYERS):
            x = mb.relu(x=mb.linear(x=x, weight=random.standard_normal((width, width), np.float32)))
        return x

    return ct.convert(program, minimum_deployment_target=ct.target.iOS16, **CONVERSION)


def repeated(count: int) -> Any:
    """Make a program of so many operations, most of them copies of a few."""

    @mb.program(input_specs=[mb.TensorSpec((2, 8))], opset_version=ct.target.iOS16)
    def program(x):
        y = mb.relu(x=mb.add(x=x, y=np.float32(1)))
        y = mb.transpose(x=mb.reshape(x=y, shape=[8, 2]), perm=[1, 0])
        y = mb.concat(values=[mb.slice_by_index(x=y, begin=[0, 4], end=[2, 8]), y], axis=1)
        y = mb.slice_by_size(x=y, begin=[0, 2], size=[2, 8])
        return mb.softmax(x=y, axis=-1, name="y")

    options = {"minimum_deployment_target": ct.target.iOS16, "pass_pipeline": ct.PassPipeline.EMPTY}
    spec = ct.convert(program, **CONVERSION, **options).get_spec()
    block = next(iter(spec.mlProgram.functions["main"].block_specializations.values()))
    written = [block.operations.pop() for _ in range(len(block.operations))][::-1]
    entering = "x"
    for turn in range(count // sum(op.type != "const" for op in written)):
        for op in written:
            copy = block.operations.add()
            copy.CopyFrom(op)
            _rename(copy, {"x": entering}, turn)
        entering = f"y-{turn}"
    block.outputs[:] = [entering]
    return spec.mlProgram


def _rename(op: Any, names: dict[str, str], turn: int) -> None:
    for output in op.outputs:
        output.name = f"{output.name}-{turn}"
    for argument in op.inputs.values():
        for binding in argument.arguments:
            if binding.WhichOneof("binding") == "name":
                binding.name = names.get(binding.name, f"{binding.name}-{turn}")


def lowering_ms(program: Any) -> float:
    """Read and lower a program; give the CPU time in ms."""
    began = time.process_time()
    executable.lower(MemoryPackage(b"", {}), program, "main", RuntimeOptions())
    return (time.process_time() - began) * 1e3


if __name__ == "__main__":
    main()
