"""The layers of a network and those of the networks inside them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

# Layers after which the rest of a loop's body does not run
JUMPS: Final = frozenset({"loopBreak", "loopContinue"})


def networks_in(layer: Any) -> Iterator[Any]:
    """Yield the networks inside a layer."""
    type_ = layer.WhichOneof("layer")
    if type_ == "branch":
        yield layer.branch.ifBranch
        yield layer.branch.elseBranch
    elif type_ == "loop":
        yield layer.loop.conditionNetwork
        yield layer.loop.bodyNetwork


def all_layers(layers: Iterable[Any]) -> Iterator[Any]:
    """Yield layers and those of the networks inside them."""
    for layer in layers:
        yield layer
        for network in networks_in(layer):
            yield from all_layers(network.layers)


def may_jump(layer: Any) -> bool:
    """Return True when a branch has a break or continue of the loop around it."""
    return layer.WhichOneof("layer") == "branch" and any(
        inner.WhichOneof("layer") in JUMPS or may_jump(inner)
        for network in networks_in(layer)
        for inner in network.layers
    )


def written_by(layers: Iterable[Any]) -> list[str]:
    """Return the names that layers and those inside them write, each once."""
    return list(dict.fromkeys(name for layer in all_layers(layers) for name in layer.output))
