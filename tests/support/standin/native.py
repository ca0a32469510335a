"""The base of all native objects: positional, typed arguments; no instance attributes; no pickling."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, NoReturn, TypeVar

F = TypeVar("F", bound=Callable[..., Any])

TEXT = (str, bytes)
NONE = type(None)


class Native:
    """Base of the native classes."""

    __slots__ = ("__weakref__",)

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        """Refuse to be pickled, hence copied."""
        raise TypeError(f"cannot pickle {type(self).__name__!r} object")


class Unmade(Native):
    """A native class that Python cannot instantiate."""

    __slots__ = ()

    def __init__(self, *args: object, **kwargs: object) -> None:
        raise TypeError(f"{type(self).__name__}: No constructor defined!")


def takes(*types: Any, optional: int = 0) -> Callable[[F], F]:
    """Check the arguments after self (or of a static method) as pybind does: by position, count and type.

    The last *optional* arguments may be left out, which for the constructor means another overload.
    """

    def decorate(function: F) -> F:
        is_method = function.__code__.co_varnames[:1] == ("self",)

        @functools.wraps(function)
        def checked(*args: Any, **kwargs: Any) -> Any:
            given = args[1:] if is_method else args
            enough = len(types) - optional <= len(given) <= len(types)
            if kwargs or not enough or not all(map(isinstance, given, types)):
                names = ", ".join(f"arg{i}: {_name(t)}" for i, t in enumerate(types))
                raise TypeError(
                    f"{function.__name__}(): incompatible function arguments. "
                    f"The following argument types are supported:\n    1. ({names})\n\n"
                    f"Invoked with: {', '.join(map(repr, given))}"
                )
            return function(*args)

        return checked  # type: ignore[return-value]

    return decorate


def _name(kind: Any) -> str:
    return " | ".join(k.__name__ for k in kind) if isinstance(kind, tuple) else kind.__name__


def text(value: str | bytes) -> str:
    """Return a text argument as str."""
    return value.decode() if isinstance(value, bytes) else value
