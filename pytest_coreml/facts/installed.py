"""Which of the two distributions of this package are installed: see `distributions/build_hook.py`."""

from __future__ import annotations

from importlib.util import find_spec
from typing import Final

LIBRARY: Final = "pytest-coreml-library"


def missing_library() -> str | None:
    """Return a message with the command that installs the library, or None if the library is installed."""
    # Every use of the library needs this module.
    if find_spec("pytest_coreml.errors") is not None:
        return None
    return (
        f"pytest-coreml needs the distribution {LIBRARY}, which is not installed, or was removed with an older "
        f'pytest-coreml; run: pip install --force-reinstall --no-deps "{_requirement()}"'
    )


def _requirement() -> str:
    # Not for each run of a command.
    from importlib import metadata

    try:
        requirements = metadata.requires("pytest-coreml") or ()
    except metadata.PackageNotFoundError:
        requirements = ()
    return next((words for words in requirements if words.startswith(LIBRARY)), LIBRARY)
