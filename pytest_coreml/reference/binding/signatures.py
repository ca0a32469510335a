"""Check arguments of native functions like pybind11: by position, raising TypeError for any other type."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any, Final, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

_Function = TypeVar("_Function", bound="Callable[..., Any]")

# Texts are taken as bytes too.
_CLASSES: Final = {"str": (str, bytes), "bytes": (bytes,), "dict": (dict,), "list": (list,), "object": (object,)}


def takes(*kinds: str, this: bool = True, name: str = "") -> Callable[[_Function], _Function]:
    """Check the arguments of the decorated function by type names, with ` | None` for those that may be None.

    *this*: true for a method, whose first argument is not checked. *name*: the name of the function in messages, if not
    its own.
    """

    def decorate(function: _Function) -> _Function:
        @functools.wraps(function)
        def checked(*arguments: Any, **named: Any) -> Any:
            given = arguments[1:] if this else arguments
            if named or len(given) != len(kinds) or not all(map(_fits, kinds, given)):
                raise TypeError(_refusal(name or function.__name__, kinds, given))
            return function(*arguments)

        return checked  # type: ignore[return-value]  # the same signature, checked

    return decorate


def text(value: str | bytes) -> str:
    """Return a string argument as str."""
    return value.decode() if isinstance(value, bytes) else value


def _fits(kind: str, value: Any) -> bool:
    name, _, optional = kind.partition(" | ")
    if optional and value is None:
        return True
    if name in _CLASSES:
        return isinstance(value, _CLASSES[name])
    # A class of the native module
    return any(base.__name__ == name for base in type(value).__mro__)


def _refusal(name: str, kinds: tuple[str, ...], given: tuple[Any, ...]) -> str:
    what = "constructor" if name == "__init__" else "function"
    signature = ", ".join(f"arg{index}: {kind}" for index, kind in enumerate(kinds))
    invoked = ", ".join(f"{value!r:.200}" for value in given)
    return (
        f"{name}(): incompatible {what} arguments. The following argument types are supported:\n"
        f"    1. ({signature})\n\nInvoked with: {invoked}"
    )
