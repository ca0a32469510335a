"""Find the importer of each file by its content, and read all files."""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache
from typing import TYPE_CHECKING, Final, NamedTuple

from pytest_coreml.device_reports import importers
from pytest_coreml.device_reports.device_result import Stated
from pytest_coreml.device_reports.imported_file import ImportedFile
from pytest_coreml.errors import ReportError, UnreadableReportError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from pytest_coreml.device_reports.device_result import DeviceResult
    from pytest_coreml.device_reports.importer import Importer

# Of an exported folder.
_MAX_FILES: Final = 200
_DEPTH: Final = 3
_MODEL_SUFFIXES: Final = (".mlpackage", ".mlmodelc")


@cache
def all_importers() -> tuple[Importer, ...]:
    """Return the importer of every module of `importers/`."""
    names = sorted(found.name for found in pkgutil.iter_modules(importers.__path__))
    return tuple(importlib.import_module(f"{importers.__name__}.{name}").IMPORTER for name in names)


def import_results(paths: Iterable[Path], stated: Stated | None = None) -> list[DeviceResult]:
    """Return the results in files, and in exported folders; *stated*: what the user states about them.

    Raise `ReportError`, naming the file, if one cannot be imported, or if nothing was measured.
    """
    return [result for group in group_files(paths) for result in read_group(group, stated)]


class FileGroup(NamedTuple):
    """Files of one kind that are read together, most often one."""

    importer: Importer
    files: list[ImportedFile]


def group_files(paths: Iterable[Path]) -> list[FileGroup]:
    """Return the files at *paths* with their importers; raise `ReportError` for a file of no kind."""
    groups: list[FileGroup] = []
    for path in paths:
        for importer, file in _recognized(path):
            same = [group for group in groups if group.importer is importer and importer.belong_together]
            if same:
                same[0].files.append(file)
            else:
                groups.append(FileGroup(importer, [file]))
    return groups


def read_group(group: FileGroup, stated: Stated | None = None) -> list[DeviceResult]:
    """Return the results in a group; raise `ReportError` if they cannot be imported."""
    return group.importer.read(group.files, stated or Stated())


def _recognized(path: Path) -> list[tuple[Importer, ImportedFile]]:
    """Return the files at *path* with the importer of each; those in a folder that have one."""
    if not path.is_dir():
        if not path.exists():
            raise UnreadableReportError(f"cannot read the report {path}: No such file or directory")
        file = ImportedFile(path)
        importer = _importer(file)
        if importer is None:
            raise ReportError(f"{path}: {_why_not(file)}; these can be imported: {_kinds()}")
        return [(importer, file)]
    files = map(ImportedFile, _files(path))
    found = [(importer, file) for file in files if (importer := _importer(file)) is not None]
    if not found:
        raise ReportError(f"{path}: contains no file that can be imported, which are: {_kinds()}")
    return found


def _importer(file: ImportedFile) -> Importer | None:
    return next((each for each in all_importers() if each.recognizes(file)), None)


def _kinds() -> str:
    return ", ".join(each.kind for each in all_importers())


def _why_not(file: ImportedFile) -> str:
    if isinstance(file.json, dict) and "schema_version" in file.json:
        return "is a report of pytest-coreml already"
    return "has no known format, by its content" if file.head else "is empty"


def _files(folder: Path, depth: int = _DEPTH) -> Iterator[Path]:
    """Yield the files in an exported folder; a model package in it contains no results."""
    for number, entry in enumerate(sorted(folder.iterdir())):
        if number >= _MAX_FILES:
            return
        if entry.is_dir():
            if depth > 1 and entry.suffix not in _MODEL_SUFFIXES:
                yield from _files(entry, depth - 1)
        elif not entry.name.startswith("."):
            yield entry
