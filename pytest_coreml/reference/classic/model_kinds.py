"""Registry of model types and the functions that make them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Protocol

from pytest_coreml.reference.function_registry import Registry

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


# By field name in `Model`.
MAKERS: Final[Registry[Maker]] = Registry("pytest_coreml.reference.classic.kinds")
predicts: Final = MAKERS.register
