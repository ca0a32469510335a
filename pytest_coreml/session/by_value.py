"""A callable of a test as bytes, for another process, which does not import the file of the test again."""

from __future__ import annotations

import contextlib
import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import ModuleType


def file_of(function: Callable[..., Any]) -> str:
    """Return the name of the file of *function*, which a pickled one has lost; an empty text if it has none."""
    files = [module.__file__ or "" for module in _modules(function)]
    return Path(files[0]).name if files else ""


def pickled_by_value(function: Callable[..., Any]) -> bytes | None:
    """Return *function* with what it uses of its module, also a lambda or a closure; None if that cannot be pickled.

    Other modules are named and not contained: the process that reads it imports them.
    """
    import cloudpickle

    with contextlib.ExitStack() as stack:
        for module in {*_modules(function)}:
            stack.enter_context(_by_value(module))
        try:
            return bytes(cloudpickle.dumps(function))
        # Such as a lock, an open file or an engine that it refers to; what the objects of others raise is not known.
        except Exception:  # noqa: BLE001
            return None


def _modules(function: Callable[..., Any]) -> Iterator[ModuleType]:
    while isinstance(function, partial):
        function = function.func
    name = getattr(function, "__module__", None)
    if name in sys.modules and name != "__main__":
        yield sys.modules[name]


@contextlib.contextmanager
def _by_value(module: ModuleType) -> Iterator[None]:
    import cloudpickle

    if module.__name__ in cloudpickle.list_registry_pickle_by_value():
        yield
        return
    cloudpickle.register_pickle_by_value(module)
    try:
        yield
    finally:
        cloudpickle.unregister_pickle_by_value(module)
