"""Objects of Objective-C as PyObjC shows them: methods by selector, checked against the facts."""

from __future__ import annotations

import ctypes
import inspect
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from standin.session import current

from pyobjc_standin.facts import ROOT, Signature, find_signature, metadata

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_pools = threading.local()
# Selectors that make or run something big, whose temporary objects must not stay.
_POOLED = ("prediction", "load", "modelWith", "compile", "newState", "modelAsset")


@contextmanager
def autorelease_pool() -> Iterator[None]:
    """PyObjC's context manager."""
    _pools.depth = getattr(_pools, "depth", 0) + 1
    try:
        yield
    finally:
        _pools.depth -= 1


class VarList:
    """PyObjC's object for a pointer without a length."""

    def __init__(self, address: int) -> None:
        self._address = address

    def as_buffer(self, size: int) -> memoryview:
        """Return that much memory, with any owner."""
        return memoryview((ctypes.c_char * size).from_address(self._address)).cast("B")


class _Method:
    """A method of a stand-in class; it exists from the macOS on that introduced the selector."""

    def __init__(self, signature: Signature, function: Callable[..., Any]) -> None:
        self._signature = signature
        self._function = function

    def __get__(self, instance: Any, owner: type) -> Callable[..., Any]:
        signature = self._signature
        if current().scenario.macos < signature.since:
            raise AttributeError(f"{signature.owner!r} object has no attribute {self._function.__name__!r}")

        def send(*arguments: Any) -> Any:
            note_send(signature)
            check_arguments(signature, arguments)
            return self._function(*([] if signature.sign == "+" else [instance]), *arguments)

        return send


class ObjCObject:
    """The base class. A subclass of the name of a class of Apple's has methods under PyObjC's names of selectors.

    A static method is one of the class.
    """

    def __init_subclass__(cls) -> None:
        for name, value in list(vars(cls).items()):
            is_static = isinstance(value, staticmethod)
            function = value.__func__ if is_static else value
            if name.startswith("_") or name in ROOT or not inspect.isfunction(function):
                continue
            selector = name.replace("_", ":")
            signature = find_signature(cls.__name__, selector)
            assert signature is not None, f"{cls.__name__} has no selector {selector}"
            assert is_static == (signature.sign == "+"), f"{cls.__name__} {selector} is {signature.sign}"
            setattr(cls, name, _Method(signature, function))

    @classmethod
    def alloc(cls) -> Any:
        return cls.__new__(cls)

    def init(self) -> Any:
        return self


def note_send(signature: Signature) -> None:
    """Note a selector when it is sent for the first time, and each that is sent without a pool that needs one."""
    session = current()
    key = f"{signature.owner} {signature.selector}"
    if not session.calls[("sent", key)]:
        session.calls[("sent", key)] += 1
        session.note("objc", selector=key)
    if signature.selector.startswith(_POOLED) and not getattr(_pools, "depth", 0):
        session.note("objc", selector=key, wrong="no autorelease pool")


def check_arguments(signature: Signature, arguments: tuple[Any, ...]) -> None:
    """Refuse what PyObjC refuses, and note what it passes at a cost."""
    assert len(arguments) == len(signature.arguments), f"{signature.selector} takes {len(signature.arguments)}"
    known = metadata(str(current().scenario.objc.version), signature)
    assert known is not None or not signature.needs_metadata, f"the wheel has no metadata for {signature.selector}"
    for number, (kind, value) in enumerate(zip(signature.arguments, arguments, strict=True)):
        special = (known or {}).get(str(number))
        assert _fits(kind, special, value), (
            f"{signature.selector}: argument {number} is {value!r}, not {special or kind}"
        )
        if kind == "@" and isinstance(value, (list, tuple, dict)):
            current().note("objc", selector=signature.selector, wrong="a container of Python")


def _fits(kind: str, special: str | None, value: Any) -> bool:  # noqa: PLR0911
    if special == "out":
        return value is None
    if special == "array":
        return isinstance(value, memoryview) and value.contiguous and not value.readonly
    if special is not None and special.startswith("block"):
        return value is None or len(inspect.signature(value).parameters) == int(special.rsplit(maxsplit=1)[-1])
    if kind.startswith("^{__CV"):
        return isinstance(value, ObjCObject)
    if kind in ("q", "Q", "Z"):
        return isinstance(value, int)
    if kind == "d":
        return isinstance(value, float)
    # Strings and numbers of Foundation come to Python as subclasses of Python's.
    return kind != "@" or value is None or isinstance(value, (ObjCObject, str, int, float, list, tuple, dict))
