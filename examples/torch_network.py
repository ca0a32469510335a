"""A small torch network with its stored outputs, for machines without torch."""

import importlib.util
from pathlib import Path

import coremltools as ct
import numpy as np
from coremltools.converters.mil import Builder as mb  # noqa: N813 (the name that everybody uses)

# The weights, ten inputs `image`, and the outputs `scores` that torch computed for them, in single precision.
# `python torch_network.py` makes it.
STORED = Path(__file__).parent / "torch_network.npz"
SHAPE = (1, 3, 16, 16)


def network():
    """Return the network in torch: two convolutions and a linear layer, with random weights."""
    import torch

    torch.manual_seed(0)
    return torch.nn.Sequential(
        torch.nn.Conv2d(3, 16, 3, stride=2, padding=1),
        torch.nn.ReLU(),
        torch.nn.Conv2d(16, 32, 3, stride=2, padding=1),
        torch.nn.ReLU(),
        torch.nn.Flatten(),
        torch.nn.Linear(32 * 4 * 4, 10),
    ).eval()


def convert(precision=ct.precision.FLOAT16):
    """Convert the network from torch, or from its stored weights where torch is not installed."""
    options = {
        "minimum_deployment_target": ct.target.iOS17,
        "compute_precision": precision,
        "skip_model_load": True,
    }
    if importlib.util.find_spec("torch") is None:
        return ct.convert(rebuilt(), convert_to="mlprogram", **options)
    import torch

    traced = torch.jit.trace(network(), torch.zeros(SHAPE))
    names = {"inputs": [ct.TensorType(name="image", shape=SHAPE)], "outputs": [ct.TensorType(name="scores")]}
    return ct.convert(traced, **names, **options)


def rebuilt():
    """Build the network from its stored weights with coremltools' builder."""
    stored = np.load(STORED)
    conv = {"strides": [2, 2], "pad_type": "custom", "pad": [1, 1, 1, 1]}

    @mb.program(input_specs=[mb.TensorSpec(shape=SHAPE)])
    def program(image):
        x = mb.relu(x=mb.conv(x=image, weight=stored["0.weight"], bias=stored["0.bias"], **conv))
        x = mb.relu(x=mb.conv(x=x, weight=stored["2.weight"], bias=stored["2.bias"], **conv))
        x = mb.reshape(x=x, shape=[1, -1])
        return mb.linear(x=x, weight=stored["5.weight"], bias=stored["5.bias"], name="scores")

    return program


def half_precision():
    """Convert to half precision, as for the Neural Engine."""
    return convert()


def single_precision():
    """Convert to single precision."""
    return convert(ct.precision.FLOAT32)


def palettized():
    """Convert to half precision with palettes of 64 weights."""
    from coremltools.optimize.coreml import OpPalettizerConfig, OptimizationConfig, palettize_weights

    config = OptimizationConfig(global_config=OpPalettizerConfig(mode="uniform", nbits=6))
    return palettize_weights(convert(), config)


def store():
    """Write the weights and the outputs that torch computes."""
    import torch

    module = network()
    image = np.random.default_rng(0).random((10, *SHAPE), np.float32)
    with torch.no_grad():
        scores = np.stack([module(torch.from_numpy(each)).numpy() for each in image])
    weights = {name: tensor.numpy() for name, tensor in module.state_dict().items()}
    np.savez(STORED, image=image, scores=scores, **weights)


if __name__ == "__main__":
    store()
