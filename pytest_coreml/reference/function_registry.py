"""Registry of functions by the types they are for, which the modules of one package register by a decorator."""

from __future__ import annotations

import importlib
import pkgutil
from typing import TYPE_CHECKING, Any, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_F = TypeVar("_F", bound="Callable[..., Any]")


class Registry(Generic[_F]):
    """Functions by type; the modules of *package*, except those that begin with `_`, register them."""

    def __init__(self, package: str) -> None:
        self._package = package
        self._functions: dict[str, _F] = {}
        self._loaded = False

    def register(self, *types: str) -> Callable[[_F], _F]:
        """Register the decorated function for these types; raise `ValueError` if a type has another one."""

        def register(function: _F) -> _F:
            for each in types:
                if (other := self._functions.get(each)) is not None:
                    raise ValueError(f"{each} is registered twice, by {other.__module__} and {function.__module__}")
                self._functions[each] = function
            return function

        return register

    def load(self) -> Mapping[str, _F]:
        """Return the function of each type, importing all modules of the package."""
        if not self._loaded:
            for module in pkgutil.iter_modules(importlib.import_module(self._package).__path__):
                if not module.name.startswith("_"):
                    importlib.import_module(f"{self._package}.{module.name}")
            self._loaded = True
        return self._functions
