"""MobileNetV2, ResNet50, BERT-base, a U-Net and a GPT with cache at full size, in plain torch, with random weights."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import nn
from torch_decoders import PassedCache, passed_inputs

if TYPE_CHECKING:
    from collections.abc import Callable


def _conv_norm(into: int, out: int, size: int, *, stride: int = 1, groups: int = 1) -> list[nn.Module]:
    conv = nn.Conv2d(into, out, size, stride, size // 2, groups=groups, bias=False)
    return [conv, nn.BatchNorm2d(out)]


def _conv_norm_of_branch(into: int, out: int) -> list[nn.Module]:
    """Return the last layers of a branch; as in trained networks, it is small beside what it is added to."""
    conv, norm = _conv_norm(into, out, 1)
    nn.init.constant_(norm.weight, 0.5)
    return [conv, norm]


def settle(network: nn.Module, inputs: dict[str, torch.Tensor]) -> None:
    """Set the statistics of the normalizations to those of the data that flows through, as training does.

    With those of a new network the signal dies out from layer to layer: what comes out is the last bias, with hardly an
    error.
    """
    norms = [layer for layer in network.modules() if isinstance(layer, nn.BatchNorm2d)]
    for norm in norms:
        norm.momentum = None
    if norms:
        network.train()(*inputs.values())


class InvertedResidual(nn.Module):
    """Widen, filter each channel, narrow."""

    def __init__(self, into: int, out: int, stride: int, widen: int) -> None:
        super().__init__()
        wide = into * widen
        first = [*_conv_norm(into, wide, 1), nn.ReLU6()] if widen > 1 else []
        depthwise = [*_conv_norm(wide, wide, 3, stride=stride, groups=wide), nn.ReLU6()]
        self.layers = nn.Sequential(*first, *depthwise, *_conv_norm_of_branch(wide, out))
        self.residual = stride == 1 and into == out

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Add the input where the shape allows."""
        return x + self.layers(x) if self.residual else self.layers(x)


def mobile_net_v2() -> nn.Module:
    """Build MobileNetV2 of width one."""
    layers: list[nn.Module] = [*_conv_norm(3, 32, 3, stride=2), nn.ReLU6()]
    into = 32
    stages = ((1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1), (6, 160, 3, 2), (6, 320, 1, 1))
    for widen, out, count, stride in stages:
        for index in range(count):
            layers.append(InvertedResidual(into, out, stride if index == 0 else 1, widen))
            into = out
    layers += [*_conv_norm(320, 1280, 1), nn.ReLU6(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(1280, 1000)]
    return nn.Sequential(*layers)


class Bottleneck(nn.Module):
    """Narrow, filter, widen, beside a shortcut."""

    def __init__(self, into: int, narrow: int, stride: int) -> None:
        super().__init__()
        out = 4 * narrow
        self.layers = nn.Sequential(
            *_conv_norm(into, narrow, 1),
            nn.ReLU(),
            *_conv_norm(narrow, narrow, 3, stride=stride),
            nn.ReLU(),
            *_conv_norm_of_branch(narrow, out),
        )
        self.shortcut = nn.Sequential(*(_conv_norm(into, out, 1, stride=stride) if into != out else []))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Add both ways."""
        return torch.relu(self.layers(x) + self.shortcut(x))


def res_net_50() -> nn.Module:
    """Build ResNet50."""
    layers: list[nn.Module] = [*_conv_norm(3, 64, 7, stride=2), nn.ReLU(), nn.MaxPool2d(3, 2, 1)]
    into = 64
    for narrow, count, stride in ((64, 3, 1), (128, 4, 2), (256, 6, 2), (512, 3, 2)):
        for index in range(count):
            layers.append(Bottleneck(into, narrow, stride if index == 0 else 1))
            into = 4 * narrow
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(2048, 1000))


class EncoderLayer(nn.Module):
    """Attention of twelve heads and a feed-forward, normalized after each."""

    def __init__(self, size: int = 768, heads: int = 12) -> None:
        super().__init__()
        self.heads = heads
        self.q, self.k, self.v, self.out = (nn.Linear(size, size) for _ in range(4))
        self.up, self.down = nn.Linear(size, 4 * size), nn.Linear(4 * size, size)
        self.first, self.second = nn.LayerNorm(size), nn.LayerNorm(size)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Attend, then feed forward."""
        batch, length, size = x.shape
        q, k, v = (
            part(x).view(batch, length, self.heads, size // self.heads).transpose(1, 2)
            for part in (self.q, self.k, self.v)
        )
        mixed = nn.functional.scaled_dot_product_attention(q, k, v).transpose(1, 2).reshape(batch, length, size)
        x = self.first(x + self.out(mixed))
        return self.second(x + self.down(nn.functional.gelu(self.up(x))))


class Encoder(nn.Module):
    """BERT-base, from tokens to hidden states."""

    def __init__(self, length: int = 128) -> None:
        super().__init__()
        self.tokens, self.places = nn.Embedding(30522, 768), nn.Embedding(length, 768)
        self.norm = nn.LayerNorm(768)
        self.layers = nn.Sequential(*[EncoderLayer() for _ in range(12)])

    def forward(self, ids: torch.Tensor) -> torch.Tensor:
        """Look tokens and places up, and encode."""
        return self.layers(self.norm(self.tokens(ids) + self.places.weight))


class UNet(nn.Module):
    """Four levels down from 32 channels, and up again beside what was there."""

    def __init__(self) -> None:
        super().__init__()
        sizes = (32, 64, 128, 256)
        self.down = nn.ModuleList([self._double(into, out) for into, out in zip((3, *sizes), (*sizes, 512))])  # noqa: B905 - one size more than there are levels
        self.up = nn.ModuleList([nn.ConvTranspose2d(2 * size, size, 2, 2) for size in reversed(sizes)])
        self.beside = nn.ModuleList([self._double(2 * size, size) for size in reversed(sizes)])
        self.last = nn.Conv2d(32, 2, 1)

    @staticmethod
    def _double(into: int, out: int) -> nn.Module:
        return nn.Sequential(*_conv_norm(into, out, 3), nn.ReLU(), *_conv_norm(out, out, 3), nn.ReLU())

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Go down and up."""
        levels = []
        for index, layer in enumerate(self.down):
            x = layer(x if index == 0 else nn.functional.max_pool2d(x, 2))
            levels.append(x)
        levels.pop()
        for up, beside in zip(self.up, self.beside, strict=True):
            x = beside(torch.cat([up(x), levels.pop()], 1))
        return self.last(x)


@dataclass(frozen=True)
class Network:
    """A network: its builder, and examples of its inputs by name."""

    make: Callable[[], nn.Module]
    inputs: Callable[[], dict[str, torch.Tensor]]


def _image(size: int) -> Callable[[], dict[str, torch.Tensor]]:
    return lambda: {"x": torch.randn(1, 3, size, size)}


def _tokens(length: int) -> dict[str, torch.Tensor]:
    return {"x": torch.randint(0, 30000, (1, length), dtype=torch.int32)}


NETWORKS: dict[str, Network] = {
    "MobileNetV2": Network(mobile_net_v2, _image(224)),
    "ResNet50": Network(res_net_50, _image(224)),
    "BERT-base": Network(Encoder, lambda: _tokens(128)),
    "U-Net": Network(UNet, _image(256)),
    "GPT": Network(PassedCache, lambda: passed_inputs(255)),
}
