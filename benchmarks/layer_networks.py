"""Torch networks of images as neural networks of five dimensions, layer by layer with coremltools' builder."""

from __future__ import annotations

from typing import Any

import torch
from coremltools.models import datatypes
from coremltools.models.neural_network import NeuralNetworkBuilder
from torch import fx, nn

FLOAT32 = 65568


class Residual(nn.Module):
    """Two convolutions beside a shortcut, as style transfer has them."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(*_block(channels, channels, 3), *_block(channels, channels, 3)[:-1])

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Add both ways."""
        return x + self.layers(x)


def _block(into: int, out: int, size: int, stride: int = 1) -> list[nn.Module]:
    pad = nn.ReflectionPad2d(size // 2)
    return [pad, nn.Conv2d(into, out, size, stride), nn.InstanceNorm2d(out, affine=True), nn.ReLU()]


def style_transfer() -> nn.Module:
    """Build the network of Johnson et al. with half the channels: down, five residual blocks, up."""
    down = [*_block(3, 16, 9), *_block(16, 32, 3, 2), *_block(32, 64, 3, 2)]
    up = [nn.Upsample(scale_factor=2), *_block(64, 32, 3), nn.Upsample(scale_factor=2), *_block(32, 16, 3)]
    last = [nn.ReflectionPad2d(4), nn.Conv2d(16, 3, 9), nn.Tanh()]
    return nn.Sequential(*down, *(Residual(64) for _ in range(5)), *up, *last)


def network_spec(network: nn.Module, size: int, classes: int | None) -> Any:
    """Return the specification of a network from an image x [3, size, size] to y, of classes or an image."""
    output = datatypes.Array(classes) if classes else datatypes.Array(3, size, size)
    builder = NeuralNetworkBuilder([("x", datatypes.Array(3, size, size))], [("y", output)])
    graph = fx.symbolic_trace(network)
    modules = dict(graph.named_modules())
    blobs: dict[fx.Node, str] = {}
    for node in graph.graph.nodes:
        if node.op == "placeholder":
            blobs[node] = "x"
        elif node.op == "output":
            builder.add_activation("last", "LINEAR", blobs[node.args[0]], "y", [1.0, 0.0])
        else:
            inputs = [blobs[argument] for argument in node.args if isinstance(argument, fx.Node)]
            blobs[node] = _add(builder, node, modules.get(str(node.target)), inputs)
    for feature in (*builder.spec.description.input, *builder.spec.description.output):
        feature.type.multiArrayType.dataType = FLOAT32
    return builder.spec


def _add(builder: NeuralNetworkBuilder, node: fx.Node, module: nn.Module | None, inputs: list[str]) -> str:
    """Add the layer of a node, and return its blob."""
    name, (first, *_) = node.name, inputs
    if module is None:
        if node.target is torch.relu:
            builder.add_activation(name, "RELU", first, name)
        else:
            builder.add_elementwise(name, inputs, name, "ADD")
        return name
    if isinstance(module, nn.Sequential):  # an empty shortcut
        return first
    _LAYERS[type(module)](builder, module, name, first)
    return name


def _array(tensor: torch.Tensor | None) -> Any:
    return None if tensor is None else tensor.detach().numpy()


def _convolution(builder: NeuralNetworkBuilder, module: nn.Conv2d, name: str, source: str) -> None:
    weights = _array(module.weight).transpose(2, 3, 1, 0)
    height, width = module.padding
    builder.add_convolution(
        name,
        module.in_channels // module.groups,
        module.out_channels,
        *module.kernel_size,
        *module.stride,
        "valid",
        module.groups,
        weights,
        _array(module.bias),
        module.bias is not None,
        input_name=source,
        output_name=name,
        padding_top=height,
        padding_bottom=height,
        padding_left=width,
        padding_right=width,
    )


def _batch_norm(builder: NeuralNetworkBuilder, module: nn.BatchNorm2d, name: str, source: str) -> None:
    numbers = map(_array, (module.weight, module.bias, module.running_mean, module.running_var))
    builder.add_batchnorm(name, module.num_features, *numbers, source, name, epsilon=module.eps)


def _instance_norm(builder: NeuralNetworkBuilder, module: nn.InstanceNorm2d, name: str, source: str) -> None:
    gamma, beta = _array(module.weight), _array(module.bias)
    own = {"compute_mean_var": True, "instance_normalization": True, "epsilon": module.eps}
    builder.add_batchnorm(name, module.num_features, gamma, beta, input_name=source, output_name=name, **own)


def _max_pool(builder: NeuralNetworkBuilder, module: nn.MaxPool2d, name: str, source: str) -> None:
    size, stride, pad = module.kernel_size, module.stride, module.padding
    edges = dict.fromkeys(("padding_top", "padding_bottom", "padding_left", "padding_right"), pad)
    builder.add_pooling(name, size, size, stride, stride, "MAX", "VALID", source, name, **edges)


def _relu6(builder: NeuralNetworkBuilder, _: nn.ReLU6, name: str, source: str) -> None:
    """Add the four layers that converters of TensorFlow 1 made of it."""
    builder.add_activation(f"{name}_a", "RELU", source, f"{name}_a")
    builder.add_activation(f"{name}_b", "LINEAR", f"{name}_a", f"{name}_b", [-1.0, 0.0])
    builder.add_unary(f"{name}_c", f"{name}_b", f"{name}_c", "threshold", alpha=-6.0)
    builder.add_activation(name, "LINEAR", f"{name}_c", name, [-1.0, 0.0])


def _linear(builder: NeuralNetworkBuilder, module: nn.Linear, name: str, source: str) -> None:
    weights = _array(module.weight)
    builder.add_inner_product(name, weights, _array(module.bias), *weights.shape[::-1], True, source, name)


_LAYERS: dict[type, Any] = {
    nn.Conv2d: _convolution,
    nn.BatchNorm2d: _batch_norm,
    nn.InstanceNorm2d: _instance_norm,
    nn.MaxPool2d: _max_pool,
    nn.ReLU6: _relu6,
    nn.Linear: _linear,
    nn.ReLU: lambda b, _, name, source: b.add_activation(name, "RELU", source, name),
    nn.Tanh: lambda b, _, name, source: b.add_activation(name, "TANH", source, name),
    nn.AdaptiveAvgPool2d: lambda b, _, name, source: b.add_pooling(
        name, 1, 1, 1, 1, "AVERAGE", "VALID", source, name, is_global=True
    ),
    nn.Flatten: lambda b, _, name, source: b.add_flatten(name, 0, source, name),
    nn.Upsample: lambda b, _, name, source: b.add_upsample(name, 2, 2, source, name, "NN"),
    nn.ReflectionPad2d: lambda b, m, name, source: b.add_padding(
        name, *m.padding, input_name=source, output_name=name, padding_type="reflection"
    ),
}
