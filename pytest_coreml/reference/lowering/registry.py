"""The registry of handlers by operation type."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeAlias

    from pytest_coreml.reference.lowering.context import Context
    from pytest_coreml.reference.lowering.results import Result

    Handler: TypeAlias = Callable[[Context], Result | tuple[Result | None, ...] | list[Result | None]]

_Handler = TypeVar("_Handler", bound="Handler")

REGISTRY: Final[dict[str, Handler]] = {}


def lowers(*op_types: str) -> Callable[[_Handler], _Handler]:
    """Register the decorated handler for operation types without opset prefix; a type has only one handler."""

    def register(handler: _Handler) -> _Handler:
        for op_type in op_types:
            if op_type in REGISTRY:
                raise ValueError(
                    f"{op_type} is lowered twice, by {REGISTRY[op_type].__module__} and {handler.__module__}"
                )
            REGISTRY[op_type] = handler
        return handler

    return register
