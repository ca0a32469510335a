"""Which handler lowers which type of layer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import TypeAlias

    from pytest_coreml.reference.networks.layer_context import LayerContext
    from pytest_coreml.reference.networks.tensors import Blob, Tensor

    Result: TypeAlias = Tensor | Blob | Sequence[Tensor | Blob]
    Handler: TypeAlias = Callable[[LayerContext], Result]

REGISTRY: Final[dict[str, Handler]] = {}


def lowers(*layer_types: str) -> Callable[[Handler], Handler]:
    """Register the decorated handler for these layer types (fields of `NeuralNetworkLayer`); each may have only one."""

    def register(handler: Handler) -> Handler:
        for layer_type in layer_types:
            if layer_type in REGISTRY:
                raise ValueError(
                    f"{layer_type} is lowered twice, by {REGISTRY[layer_type].__module__} and {handler.__module__}"
                )
            REGISTRY[layer_type] = handler
        return handler

    return register
