"""Files of a model that consists of several: found by name, inside their folder, and read up to a size."""

from __future__ import annotations

from pathlib import Path, PurePosixPath
from typing import Final

from pytest_coreml.reference.errors import BadModelError

# A program calls its own folder by this word: `@model_path/weights/weight.bin`.
_MODEL_PATH: Final = "@model_path"
_LFS_POINTER: Final = b"version https://git-lfs"


def read_file(path: Path, max_bytes: int) -> bytes:
    """Read a file. Raises ValueError when it is larger, or a pointer of Git LFS, and OSError."""
    size = path.stat().st_size
    if size > max_bytes:
        raise ValueError(f"it has {size} bytes, expected {max_bytes} or less")
    content = path.read_bytes()
    if content.startswith(_LFS_POINTER):
        raise ValueError("it is a pointer of Git LFS, the file was not downloaded: git lfs pull")
    return content


def relative_name(name: str, where: Path) -> PurePosixPath:
    """Return the path, below the folder of the model, that a program names. Raises `BadModelError` when it leaves."""
    path = PurePosixPath(name.removeprefix(_MODEL_PATH + "/"))
    if not name or "\0" in name or path.is_absolute() or ".." in path.parts:
        raise BadModelError(f"{where}: the file name {name!r} points outside the package")
    return path


def inside(root: Path, path: Path, what: str) -> Path:
    """Resolve links. Raises `BadModelError` unless *path* is a regular file, and still inside *root*."""
    try:
        resolved = path.resolve()
        found = resolved.is_file()
    except (OSError, RuntimeError) as error:  # a name that is too long, a link to itself
        raise BadModelError(f"{what} cannot be found: {error}") from error
    if not found:
        raise BadModelError(f"{what} is missing, expected {path}")
    if not resolved.is_relative_to(root):
        raise BadModelError(f"{what} is a link that points outside the package: {resolved}")
    return resolved
