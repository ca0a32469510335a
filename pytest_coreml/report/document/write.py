"""Write reports to disk: completely or not at all."""

from __future__ import annotations

import contextlib
import json
import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

from pytest_coreml.errors import ReportError
from pytest_coreml.report.document.schema import validate

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from pytest_coreml.report.document.dataclass_codec import Json


class OutputKind(NamedTuple):
    """A file that a run writes."""

    words: str
    """Its name in messages."""
    option: str
    """The option that chooses its path."""


REPORT: Final = OutputKind("the report", "--coreml-report")
TRACE: Final = OutputKind("the trace", "--coreml-trace")
PAGE: Final = OutputKind("the page", "--coreml-html")
SHOWN: Final = OutputKind("the output", "--output")


def check_writable(path: Path, kind: OutputKind = REPORT) -> None:
    """Raise `ReportError` if a file of this *kind* cannot be written to *path*, before tests run that may take long.

    Nothing is left behind.
    """
    try:
        target = path.resolve()
        target.exists()
    except (OSError, RuntimeError) as error:
        # A link to itself, before Python 3.13 a RuntimeError; a name that is too long.
        cause = getattr(error, "strerror", None) or str(error)
        raise ReportError(f"cannot write {kind.words} to {path}: {cause}; choose another path") from error
    if target.is_symlink():
        raise ReportError(f"cannot write {kind.words} to {path}: it is a link to itself; choose another path")
    if target.is_dir():
        raise ReportError(f"cannot write {kind.words} to {path}: it is a folder; name a file in it")
    if target.exists() and not target.is_file():
        # Replacing it would delete the device or pipe.
        raise ReportError(f"cannot write {kind.words} to {path}: it is neither a file nor a new name")
    try:
        descriptor, probe = tempfile.mkstemp(prefix=".coreml-", dir=_existing(target.parent))
        os.close(descriptor)
        Path(probe).unlink()
    except OSError as error:
        raise _cannot_write(path, error, kind) from error


def check_outputs(paths: Mapping[OutputKind, Path | None]) -> None:
    """Raise `ReportError` if the file of a kind cannot be written to its path, or if two have one path."""
    taken: dict[Path, OutputKind] = {}
    for kind, path in paths.items():
        if path is None:
            continue
        check_writable(path, kind)
        other = taken.setdefault(path.resolve(), kind)
        if other is not kind:
            raise ReportError(f"{other.option} and {kind.option} both name {path}; choose another path for one of them")


def write_report(document: Json, path: Path) -> None:
    """Validate *document* and write it to *path*, replacing an existing file in one step.

    Raise `ReportError` if the document is not a report or cannot be written; *path* is then unchanged.
    """
    check_writable(path)
    try:
        validate(document)
    except ReportError as error:
        raise ReportError(f"the report was not written to {path}, it is not valid: {error}") from error
    try:
        _replace(path.resolve(), _lines(document))
    except OSError as error:
        raise _cannot_write(path, error, REPORT) from error


def write_text(text: str, path: Path, kind: OutputKind) -> None:
    """Write *text*, a file of this *kind*, to *path*, replacing an existing file in one step.

    Raise `ReportError` if it cannot be written; *path* is then unchanged.
    """
    write_lines((text,), path, kind)


def write_lines(lines: Iterable[str], path: Path, kind: OutputKind) -> None:
    """Write the pieces *lines* of a text, as `write_text` does."""
    check_writable(path, kind)
    try:
        _replace(path.resolve(), lines)
    except OSError as error:
        raise _cannot_write(path, error, kind) from error


def _existing(folder: Path) -> Path:
    """Return *folder*, or the nearest folder above it that exists."""
    return next(parent for parent in (folder.absolute(), *folder.absolute().parents) if parent.exists())


def _replace(path: Path, lines: Iterable[str]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    # In the same folder, because a file can be replaced in one step only on its own file system.
    descriptor, temporary = tempfile.mkstemp(prefix=".coreml-", suffix=".tmp", dir=path.parent)
    try:
        with open(descriptor, "w", encoding="utf-8", newline="\n") as file:  # noqa: PTH123 (a descriptor, not a path)
            file.writelines(lines)
            file.flush()
            os.fsync(file.fileno())
        _apply_umask(temporary)
        Path(temporary).replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            Path(temporary).unlink()
        raise


def _apply_umask(temporary: str) -> None:
    """Set the permissions that the user's umask leaves to new files: temporary files are private."""
    mask = os.umask(0)
    os.umask(mask)
    Path(temporary).chmod(0o666 & ~mask)


def _lines(document: Json) -> Iterator[str]:
    """Yield the text, each test a line for `grep` and `diff`, so that it is never in memory as a whole."""
    yield "{\n"
    for name, value in document.items():
        if name == "tests":
            continue
        yield f"  {json.dumps(name)}: {json.dumps(value, allow_nan=False)},\n"
    yield '  "tests": ['
    for index, test in enumerate(document["tests"]):
        yield f"{',' if index else ''}\n    {json.dumps(test, allow_nan=False)}"
    yield "\n  ]\n}\n" if document["tests"] else "]\n}\n"


def _cannot_write(path: Path, error: OSError, kind: OutputKind) -> ReportError:
    cause = error.strerror or str(error)
    return ReportError(f"cannot write {kind.words} to {path}: {cause}; choose another path with {kind.option}=PATH")
