"""Registry of model types and the functions that make them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Protocol, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeAlias

    from pytest_coreml.reference.classic.feature_values import Values
    from pytest_coreml.reference.options import RuntimeOptions

    Compute: TypeAlias = Callable[[Values], dict[str, Any]]


class Maker(Protocol):
    """A function that makes a computation of a message."""

    def __call__(self, message: Any, description: Any, options: RuntimeOptions, /) -> Compute:
        """Read a message of this type, and the `ModelDescription` beside it."""


_Maker = TypeVar("_Maker", bound="Maker")

REGISTRY: Final[dict[str, Maker]] = {}


def predicts(*kinds: str) -> Callable[[_Maker], _Maker]:
    """Register the decorated maker for these types, by their field names in `Model`; each may have only one."""

    def register(maker: _Maker) -> _Maker:
        for kind in kinds:
            if kind in REGISTRY:
                raise ValueError(f"{kind} is made twice")
            REGISTRY[kind] = maker
        return maker

    return register
