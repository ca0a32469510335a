"""Read the names of the functions of a model, without the libraries that an engine reads models with.

A test that is collected must not wait for an engine. The names are in the description, at the beginning of the
specification (Model.proto of coremltools); the rest of the file is not read.
"""

from __future__ import annotations

import json
import os
from functools import lru_cache
from typing import TYPE_CHECKING, Any, BinaryIO, Final

from pytest_coreml.facts.suffixes import COMPILED_SUFFIX

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

# Fields of `Model`, `ModelDescription` and `FunctionDescription`
_DESCRIPTION: Final = 2
_FUNCTIONS: Final = 20
_NAME: Final = 1
# In bytes
_MAX_JSON: Final = 1 << 24
_MAX_DESCRIPTION: Final = 1 << 24


def several_functions(path: Path) -> tuple[str, ...]:
    """Return the names of the functions of the model at *path*, none for a model of one function.

    None too for a file that cannot be read: the engine that loads it explains why.
    """
    try:
        return _read_names(path, _specification(path).stat().st_mtime_ns)
    except (OSError, ValueError, LookupError, TypeError, RecursionError, AttributeError):
        return ()


@lru_cache(maxsize=256)
def _read_names(path: Path, _modified: int) -> tuple[str, ...]:
    file = _specification(path)
    if path.suffix == COMPILED_SUFFIX:
        names = [str(entry["name"]) for entry in _read_json(file)[0].get("functions") or ()]
    else:
        with file.open("rb") as stream:
            names = list(_names_in(stream))
    return tuple(sorted(names)) if len(names) > 1 else ()


def _specification(path: Path) -> Path:
    """Return the file with the description of the model at *path*. Raises ValueError if it is outside of the model."""
    if path.suffix == COMPILED_SUFFIX:
        file, root = path / "metadata.json", path
    elif path.is_dir():
        manifest = _read_json(path / "Manifest.json")
        root = path / "Data"
        file = root / manifest["itemInfoEntries"][manifest["rootModelIdentifier"]]["path"]
    else:
        file, root = path, path.parent
    if not file.is_file() or not file.resolve().is_relative_to(root.resolve()):
        raise ValueError(f"{file} is not a file of {path}")
    return file


def _read_json(file: Path) -> Any:
    if not file.is_file() or file.stat().st_size > _MAX_JSON:
        raise ValueError(f"{file} is not a file of the expected size")
    return json.loads(file.read_bytes())


def _names_in(stream: BinaryIO) -> Iterator[str]:
    """Yield the names of the functions in the specification that *stream* begins with."""
    for number, length in _fields(stream, os.fstat(stream.fileno()).st_size):
        if number != _DESCRIPTION:
            stream.seek(length, os.SEEK_CUR)
            continue
        if length > _MAX_DESCRIPTION:
            raise ValueError("the description is too long")
        end = stream.tell() + length
        for part, size in _fields(stream, end):
            if part != _FUNCTIONS:
                stream.seek(size, os.SEEK_CUR)
                continue
            function_end = stream.tell() + size
            yield from _name_of_function(stream, function_end)
            stream.seek(function_end)
        return


def _name_of_function(stream: BinaryIO, end: int) -> Iterator[str]:
    for number, length in _fields(stream, end):
        if number == _NAME:
            yield stream.read(length).decode()
            return
        stream.seek(length, os.SEEK_CUR)


def _fields(stream: BinaryIO, end: int) -> Iterator[tuple[int, int]]:
    """Yield number and length of the fields with a length up to *end*; the stream is at the value of each."""
    while stream.tell() < end:
        key = _varint(stream)
        number, kind = key >> 3, key & 7
        if kind == 0:
            _varint(stream)
        elif kind == 2:
            yield number, _varint(stream)
        elif kind in (1, 5):
            stream.seek(8 if kind == 1 else 4, os.SEEK_CUR)
        else:
            raise ValueError("not a message")


def _varint(stream: BinaryIO) -> int:
    value = 0
    for shift in range(0, 70, 7):
        byte = stream.read(1)[0]
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value
    raise ValueError("not a message")
