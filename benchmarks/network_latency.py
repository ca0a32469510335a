"""Compare neural networks on the reference runtime with the same torch networks exported to ONNX: latency and error.

Run manually, with torch installed: `python benchmarks/network_latency.py [--rounds 20] [NETWORK ...]`. The networks are
built layer by layer with coremltools' builder (`layer_networks.py`). One thread; the models are interleaved in one
process, and in as many processes as there are models; medians of CPU time. `control` is the export loaded twice: its
distance from 1 is noise. Promised: 1.05 or less for each network.
"""

from __future__ import annotations

import argparse
import tempfile
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from taking_turns import compare, predict_native

from pytest_coreml.engine.server.coremltools_import import import_coremltools

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from taking_turns import Arrays, Predict

SIZES = {"MobileNetV2": (224, 1000), "ResNet50": (224, 1000), "style transfer": (256, None)}


def main() -> None:
    """Print a line for each network."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("networks", nargs="*", metavar="NETWORK", help=", ".join(SIZES))
    parser.add_argument("--rounds", type=int, default=20)
    arguments = parser.parse_args()
    for name in arguments.networks or SIZES:
        with tempfile.TemporaryDirectory() as folder:
            x, y = make(name, Path(folder))
            export = partial(predict_native, Path(folder, "native.onnx"), {"x": x[None]})
            layers = partial(predict_layers, Path(folder, "layers.mlmodel"), {"x": x})
            found = compare({"export": export, "control": export, "layers": layers}, arguments.rounds, {"y": y})
        export_ms = found["export"].ms
        for kind in ("control", "layers"):
            one = found[kind]
            print(
                f"{name:15} {kind:8} {one.ms:8.2f} ms, export {export_ms:8.2f}: {one.ratio:.3f}  error {one.error:.1e}"
            )


def make(name: str, folder: Path) -> tuple[NDArray, NDArray]:
    """Write a network as an export and as layers; return an example, and what torch gives for it."""
    import torch
    from coremltools.models.utils import save_spec
    from layer_networks import network_spec, style_transfer
    from torch_networks import mobile_net_v2, res_net_50, settle

    torch.manual_seed(0)
    network = {"MobileNetV2": mobile_net_v2, "ResNet50": res_net_50, "style transfer": style_transfer}[name]()
    size, classes = SIZES[name]
    x = torch.randn(1, 3, size, size)
    settle(network, {"x": x})
    network.eval()
    with torch.no_grad():
        y = network(x)
        torch.onnx.export(
            network, (x,), folder / "native.onnx", input_names=["x"], output_names=["y"], dynamo=False, opset_version=17
        )
    save_spec(network_spec(network, size, classes), str(folder / "layers.mlmodel"))
    return x[0].numpy(), y.numpy()


def predict_layers(path: Path, inputs: Arrays) -> Predict:
    """Return a call of a network of layers."""
    import_coremltools("reference", "fast")
    from pytest_coreml.reference.execution.network_model import NetworkModel
    from pytest_coreml.reference.format.package import open_package
    from pytest_coreml.reference.format.proto import read_spec
    from pytest_coreml.reference.options import RuntimeOptions

    package = open_package(path)
    model = NetworkModel(package, read_spec(package), "", RuntimeOptions())
    return lambda: {name: array[None] for name, array in model.predict(inputs, None)[0].items()}


if __name__ == "__main__":
    main()
