"""Check that PyObjC is installed; the autorelease pool and the error handling around its calls."""

from __future__ import annotations

import contextlib
import importlib.metadata
import importlib.util
import platform
import re
from typing import TYPE_CHECKING, Any, Final

from pytest_coreml.errors import EngineError, InputError, ModelError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_coreml.engine.server.messages import Subject

# The first whose wheel has metadata for states: without it, a call that fails looks like one that gives nothing.
MIN_VERSION: Final = (11, 0)
_PACKAGE: Final = "pyobjc-framework-CoreML"
_INSTALL: Final = "pip install 'pytest-coreml[pyobjc]'"


def check_pyobjc() -> str:
    """Return the version of PyObjC's wrapper of Core ML. Raises `EngineError` where it is missing or too old."""
    try:
        version = importlib.metadata.version(_PACKAGE)
    except importlib.metadata.PackageNotFoundError:
        raise EngineError(f"--coreml-api=pyobjc: {_missing_text()}") from None
    numbers = tuple(int(number) for number in re.findall(r"\d+", version)[:2])
    if numbers < MIN_VERSION:
        least = ".".join(map(str, MIN_VERSION))
        raise EngineError(f"--coreml-api=pyobjc needs {_PACKAGE} {least} or later, found {version}: {_INSTALL}")
    if importlib.util.find_spec("CoreML") is None:
        raise EngineError(
            f"--coreml-api=pyobjc: {_PACKAGE} {version} is installed, its module CoreML is not: {_INSTALL}"
        )
    return version


def _missing_text() -> str:
    if platform.system() != "Darwin":
        return "PyObjC calls Core ML, which exists on macOS only"
    return f"{_PACKAGE} is not installed: {_INSTALL}"


@contextlib.contextmanager
def pool() -> Iterator[None]:
    """Release at the end what the framework has autoreleased.

    A thread of Python has no pool: without one, the outputs of all predictions stay in memory.
    """
    import objc

    with objc.autorelease_pool():
        yield


@contextlib.contextmanager
def failures(subject: Subject, doing: str) -> Iterator[None]:
    """Turn what PyObjC raises into a `ModelError`: exceptions of Objective-C, and selectors that this macOS lacks."""
    try:
        yield
    except (ModelError, InputError, MemoryError):
        raise
    except AttributeError as error:
        raise ModelError(f"{subject}: {doing}: this macOS or this PyObjC lacks it: {error}") from error
    except Exception as error:
        raise ModelError(f"{subject}: {doing}: {subject.cause(error)}") from error


def reason(error: Any) -> str:
    """Return the description of an `NSError`; a call may fail without one."""
    return str(error.localizedDescription()) if error is not None else "Core ML returned neither a result nor an error"
