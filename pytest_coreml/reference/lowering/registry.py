"""The registry of handlers by operation type."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from pytest_coreml.reference.function_registry import Registry

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeAlias

    from pytest_coreml.reference.lowering.context import Context
    from pytest_coreml.reference.lowering.results import Result

    Handler: TypeAlias = Callable[[Context], Result | tuple[Result | None, ...] | list[Result | None]]

# By operation type without opset prefix.
HANDLERS: Final[Registry[Handler]] = Registry("pytest_coreml.reference.lowering.ops")
lowers: Final = HANDLERS.register
