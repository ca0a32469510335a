"""A decoder of the size of GPT-2 that makes one token a call, in plain torch: its cache is passed, or is a state.

All forms compute the same. `PassedCache` appends to the cache that it is handed, as exports to ONNX do; `StatefulCache`
and `StackedCache` write into buffers, as models for Core ML do, a buffer a layer or one for all layers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import nn

if TYPE_CHECKING:
    from collections.abc import Callable

LAYERS, HEADS, SIZE, TOKENS, LONGEST = 12, 12, 768, 50257, 1024
HEAD = SIZE // HEADS


class DecoderLayer(nn.Module):
    """Attention over what is remembered, and a feed-forward, normalized before each."""

    def __init__(self) -> None:
        super().__init__()
        self.qkv, self.out = nn.Linear(SIZE, 3 * SIZE), nn.Linear(SIZE, SIZE)
        self.up, self.down = nn.Linear(SIZE, 4 * SIZE), nn.Linear(4 * SIZE, SIZE)
        self.first, self.second = nn.LayerNorm(SIZE), nn.LayerNorm(SIZE)

    def forward(self, x: torch.Tensor, remember: Callable[..., tuple[torch.Tensor, torch.Tensor]]) -> torch.Tensor:
        """Attend, then feed forward."""
        parts = self.qkv(self.first(x)).chunk(3, -1)
        q, k, v = (part.view(1, 1, HEADS, HEAD).transpose(1, 2) for part in parts)
        k, v = remember(k, v)
        mixed = nn.functional.scaled_dot_product_attention(q, k, v).transpose(1, 2).reshape(1, 1, SIZE)
        x = x + self.out(mixed)
        return x + self.down(nn.functional.gelu(self.up(self.second(x))))


class Decoder(nn.Module):
    """GPT-2 small without its cache; the last layer shares its weight with the embedding."""

    def __init__(self) -> None:
        super().__init__()
        self.tokens, self.places = nn.Embedding(TOKENS, SIZE), nn.Embedding(LONGEST, SIZE)
        self.layers = nn.ModuleList([DecoderLayer() for _ in range(LAYERS)])
        self.norm = nn.LayerNorm(SIZE)

    def decode(self, token: torch.Tensor, place: torch.Tensor, remember: Callable[..., Callable]) -> torch.Tensor:
        """Return the scores of the token after this one."""
        x = self.tokens(token) + self.places(place)
        for index, layer in enumerate(self.layers):
            x = layer(x, remember(index))
        return nn.functional.linear(self.norm(x), self.tokens.weight)


class PassedCache(Decoder):
    """The cache comes in, two tensors a layer, and goes out longer by one."""

    def forward(self, token: torch.Tensor, place: torch.Tensor, *cache: torch.Tensor) -> tuple[torch.Tensor, ...]:
        """Return the scores, and the new cache."""
        new: list[torch.Tensor] = []

        def remember(index: int) -> Callable[..., tuple[torch.Tensor, torch.Tensor]]:
            def append(k: torch.Tensor, v: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
                new.extend([torch.cat([cache[2 * index], k], 2), torch.cat([cache[2 * index + 1], v], 2)])
                return new[-2], new[-1]

            return append

        scores = self.decode(token, place, remember)
        return (scores, *new)


class StatefulCache(Decoder):
    """The cache is a pair of buffers a layer; `mask` is as long as what is remembered after this token."""

    def __init__(self) -> None:
        super().__init__()
        for name in cache_names():
            self.register_buffer(name, torch.zeros(1, HEADS, LONGEST, HEAD))

    def forward(self, token: torch.Tensor, place: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        """Return the scores."""
        end = mask.shape[-1]

        def remember(index: int) -> Callable[..., tuple[torch.Tensor, torch.Tensor]]:
            def write(k: torch.Tensor, v: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
                keys, values = getattr(self, f"k{index}"), getattr(self, f"v{index}")
                keys[:, :, end - 1 : end] = k
                values[:, :, end - 1 : end] = v
                return keys[:, :, :end], values[:, :, :end]

            return write

        return self.decode(token, place, remember)


class StackedCache(Decoder):
    """The cache is one pair of buffers for all layers."""

    def __init__(self) -> None:
        super().__init__()
        for name in ("k", "v"):
            self.register_buffer(name, torch.zeros(LAYERS, 1, HEADS, LONGEST, HEAD))

    def forward(self, token: torch.Tensor, place: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        """Return the scores."""
        end = mask.shape[-1]

        def remember(index: int) -> Callable[..., tuple[torch.Tensor, torch.Tensor]]:
            def write(k: torch.Tensor, v: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
                self.k[index, :, :, end - 1 : end] = k
                self.v[index, :, :, end - 1 : end] = v
                return self.k[index, :, :, :end], self.v[index, :, :, :end]

            return write

        return self.decode(token, place, remember)


def cache_names() -> list[str]:
    """Return the names of the tensors of a cache, in the order in which they are passed."""
    return [f"{kind}{index}" for index in range(LAYERS) for kind in ("k", "v")]


def passed_inputs(remembered: int) -> dict[str, torch.Tensor]:
    """Return inputs of `PassedCache` after so many tokens."""
    cache = {name: torch.randn(1, HEADS, remembered, HEAD) for name in cache_names()}
    return {**_token(remembered), **cache}


def stateful_inputs(remembered: int) -> dict[str, torch.Tensor]:
    """Return inputs of `StatefulCache` and `StackedCache` after so many tokens."""
    return {**_token(remembered), "mask": torch.zeros(1, remembered + 1)}


def _token(place: int) -> dict[str, torch.Tensor]:
    return {"token": torch.tensor([[17]], dtype=torch.int32), "place": torch.tensor([[place]], dtype=torch.int32)}
