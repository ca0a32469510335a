"""Which handler lowers which type of layer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from pytest_coreml.reference.function_registry import Registry

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import TypeAlias

    from pytest_coreml.reference.networks.layer_context import LayerContext
    from pytest_coreml.reference.networks.tensors import Blob, Tensor

    Result: TypeAlias = Tensor | Blob | Sequence[Tensor | Blob]
    Handler: TypeAlias = Callable[[LayerContext], Result]

# By field of `NeuralNetworkLayer`.
HANDLERS: Final[Registry[Handler]] = Registry("pytest_coreml.reference.networks.layers")
lowers: Final = HANDLERS.register
