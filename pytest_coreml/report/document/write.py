"""A report on disk: whole or not at all."""

from __future__ import annotations

import contextlib
import json
import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_coreml.errors import ReportError
from pytest_coreml.report.document.schema import validate

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_coreml.report.document.dataclass_codec import Json


def check_writable(path: Path) -> None:
    """Find out, without leaving anything behind, whether a report can be written to *path*.

    Raises `ReportError` when it cannot: meant to be called before tests run that take long.
    """
    target = path.resolve()
    if target.is_dir():
        raise ReportError(f"cannot write the report to {path}: it is a folder; name a file in it")
    if target.exists() and not target.is_file():
        # Replacing it would delete the device or pipe.
        raise ReportError(f"cannot write the report to {path}: it is neither a file nor a new name")
    try:
        descriptor, probe = tempfile.mkstemp(prefix=".coreml-", dir=_existing(target.parent))
        os.close(descriptor)
        Path(probe).unlink()
    except OSError as error:
        raise _cannot_write(path, error) from error


def write_report(document: Json, path: Path) -> None:
    """Validate *document* and write it to *path*, replacing what is there in one step.

    Raises `ReportError` when the document is no report or the disk refuses; *path* is then as it was.
    """
    check_writable(path)
    try:
        validate(document)
    except ReportError as error:
        raise ReportError(f"the report was not written to {path}, it is not valid: {error}") from error
    try:
        _replace(path.resolve(), _lines(document))
    except OSError as error:
        raise _cannot_write(path, error) from error


def _existing(folder: Path) -> Path:
    """Give *folder*, or the nearest folder above it that exists."""
    return next(parent for parent in (folder.absolute(), *folder.absolute().parents) if parent.exists())


def _replace(path: Path, lines: Iterator[str]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    # In the same folder, since a file can be replaced in one step only on its own file system.
    descriptor, temporary = tempfile.mkstemp(prefix=".coreml-", suffix=".tmp", dir=path.parent)
    try:
        with open(descriptor, "w", encoding="utf-8", newline="\n") as file:  # noqa: PTH123 (a descriptor, no path)
            file.writelines(lines)
            file.flush()
            os.fsync(file.fileno())
        _share_as_usual(temporary)
        Path(temporary).replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            Path(temporary).unlink()
        raise


def _share_as_usual(temporary: str) -> None:
    """Give the file the rights that the user's umask leaves to new files: temporary files are private."""
    mask = os.umask(0)
    os.umask(mask)
    Path(temporary).chmod(0o666 & ~mask)


def _lines(document: Json) -> Iterator[str]:
    """Write one line for each model and test: greppable, comparable by `diff`, and never in memory as a whole."""
    yield "{\n"
    for name, value in document.items():
        if name == "tests":
            continue
        yield f"  {json.dumps(name)}: {json.dumps(value, allow_nan=False)},\n"
    yield '  "tests": ['
    for index, test in enumerate(document["tests"]):
        yield f"{',' if index else ''}\n    {json.dumps(test, allow_nan=False)}"
    yield "\n  ]\n}\n" if document["tests"] else "]\n}\n"


def _cannot_write(path: Path, error: OSError) -> ReportError:
    cause = error.strerror or str(error)
    return ReportError(f"cannot write the report to {path}: {cause}; choose another path with --coreml-report=PATH")
