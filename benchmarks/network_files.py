"""The networks of `torch_networks` as files in a folder: exported to ONNX, converted to packages, and compressed.

What is not there yet is made, which needs torch and takes a minute or more a file; what is there is used again. So the
other scripts measure without a word of torch in their processes, when they are called with a folder that is complete.
Run manually, with torch installed: `python benchmarks/network_files.py FOLDER [NETWORK ...]` makes the files that
`latency.py` and `load_cost.py` ask for, `--compressed` those of the first with this option.
"""

from __future__ import annotations

import argparse
import functools
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from weight_kinds import KINDS, compress

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Arrays = dict[str, NDArray[Any]]

NAMES = ("MobileNetV2", "ResNet50", "BERT-base", "U-Net", "GPT")
PRECISIONS = ("fp32", "fp16")


class NetworkFiles:
    """The files of one network in a folder."""

    def __init__(self, folder: Path, name: str) -> None:
        self.name = name
        self._folder = folder / name
        self._folder.mkdir(parents=True, exist_ok=True)

    def native(self) -> Path:
        """Return torch's own export to ONNX."""
        path = self._folder / "native.onnx"
        if not path.exists():
            _export(self.name, path)
        return path

    def package(self, precision: str, target: str = "iOS18") -> Path:
        """Return the package of fp32 or fp16."""
        path = self._folder / f"{precision}-{target}.mlpackage"
        if not path.exists():
            _convert(self.name, precision, target).save(str(path))
        return path

    def compressed(self, precision: str, kind: str) -> Path:
        """Return the package with compressed weights, of a kind in `KINDS`."""
        path = self._folder / f"{precision}-{kind}.mlpackage"
        if not path.exists():
            compress(self.package(precision, KINDS[kind].target), kind).save(str(path))
        return path

    def inputs(self) -> Arrays:
        """Return the example inputs, in the order of the network's own."""
        return self._example("inputs")

    def expected(self) -> Arrays:
        """Return torch's outputs for the example inputs, under the names of the packages' outputs."""
        return self._example("expected")

    def _example(self, what: str) -> Arrays:
        path = self._folder / f"{what}.npz"
        if not path.exists():
            _save_example(self.name, self._folder)
        with np.load(path) as arrays:
            return dict(arrays)


@functools.lru_cache(maxsize=1)
def _network(name: str) -> tuple[Any, dict[str, Any]]:
    """Build a network with the same random weights each time, and its example inputs."""
    import torch
    from torch_networks import NETWORKS, settle

    torch.manual_seed(0)
    network = NETWORKS[name].make().requires_grad_(False)
    settle(network, NETWORKS[name].inputs())
    return network.eval(), NETWORKS[name].inputs()


def _outputs(network: Any, inputs: dict[str, Any]) -> Arrays:
    results = network(*inputs.values())
    results = results if isinstance(results, tuple) else (results,)
    return {f"y{index}": result.numpy() for index, result in enumerate(results)}


def _save_example(name: str, folder: Path) -> None:
    network, inputs = _network(name)
    np.savez(folder / "inputs.npz", **{key: value.numpy() for key, value in inputs.items()})
    np.savez(folder / "expected.npz", **_outputs(network, inputs))


def _export(name: str, path: Path) -> None:
    import torch

    network, inputs = _network(name)
    torch.onnx.export(
        network,
        tuple(inputs.values()),
        str(path),
        input_names=list(inputs),
        output_names=list(_outputs(network, inputs)),
        opset_version=17,
        dynamo=False,
    )


def _convert(name: str, precision: str, target: str) -> Any:
    """Convert a traced network as a user does."""
    import coremltools as ct
    import torch

    network, inputs = _network(name)
    return ct.convert(
        torch.jit.trace(network, tuple(inputs.values())),
        inputs=[
            ct.TensorType(name=key, shape=value.shape, dtype=value.numpy().dtype.type) for key, value in inputs.items()
        ],
        outputs=[ct.TensorType(name=key) for key in _outputs(network, inputs)],
        convert_to="mlprogram",
        compute_precision=ct.precision.FLOAT32 if precision == "fp32" else ct.precision.FLOAT16,
        minimum_deployment_target=ct.target[target],
        skip_model_load=True,
    )


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Let a script take networks, and the folder of their files."""
    parser.add_argument("networks", nargs="*", help=f"some of {', '.join(NAMES)}; default all")
    parser.add_argument("--models", type=Path, required=True, metavar="FOLDER", help="made where it is not complete")


def main() -> None:
    """Make the files of some networks."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("networks", nargs="*", help=f"some of {', '.join(NAMES)}; default all")
    parser.add_argument("--compressed", action="store_true", help="also all kinds of compressed weights")
    arguments = parser.parse_args()
    for name in arguments.networks or NAMES:
        files = NetworkFiles(arguments.folder, name)
        paths = [files.native(), *(files.package(precision) for precision in PRECISIONS)]
        files.expected()
        paths += [files.compressed("fp16", kind) for kind in KINDS if arguments.compressed]
        print(name, *(path.name for path in paths))


if __name__ == "__main__":
    main()
