"""Files of a model that consists of several: found by name, inside their folder, and read up to a size."""

from __future__ import annotations

from pathlib import Path, PurePosixPath
from typing import Final

from pytest_coreml.reference.errors import BadModelError

# A program calls its own folder by this word: `@model_path/weights/weight.bin`.
_MODEL_PATH: Final = "@model_path"
_LFS_POINTER: Final = b"version https://git-lfs"
# In bytes: no pointer of Git LFS is longer
_MAX_POINTER: Final = 1024
_IS_POINTER: Final = "it is a pointer of Git LFS, the file was not downloaded: git lfs pull"
_NO_WEIGHTS: Final = "the model was copied or committed without it: look for *.bin in ignore rules, or export it again"


def read_file(path: Path, max_bytes: int) -> bytes:
    """Read a file. Raises ValueError when it is larger, or a pointer of Git LFS, and OSError."""
    size = path.stat().st_size
    if size > max_bytes:
        raise ValueError(f"it has {size} bytes, expected {max_bytes} or less")
    content = path.read_bytes()
    if content.startswith(_LFS_POINTER):
        raise ValueError(_IS_POINTER)
    return content


def weight_file(root: Path, path: Path, what: str) -> Path:
    """Resolve links of a weight file, as `inside` does. Raises `BadModelError` with what to do about a missing one."""
    found = inside(root, path, what, _NO_WEIGHTS)
    try:
        if found.stat().st_size <= _MAX_POINTER:
            read_file(found, _MAX_POINTER)
    except (OSError, ValueError) as error:
        raise BadModelError(f"{what} cannot be read: {error}") from error
    return found


def relative_name(name: str, where: Path) -> PurePosixPath:
    """Return the path, below the folder of the model, that a program names. Raises `BadModelError` when it leaves."""
    path = PurePosixPath(name.removeprefix(_MODEL_PATH + "/"))
    if not name or "\0" in name or path.is_absolute() or ".." in path.parts:
        raise BadModelError(f"{where}: the file name {name!r} points outside the package")
    return path


def inside(root: Path, path: Path, what: str, remedy: str = "") -> Path:
    """Resolve links. Raises `BadModelError` unless *path* is a regular file, and still inside *root*.

    *remedy*: what to do if it is missing.
    """
    try:
        resolved = path.resolve()
        found = resolved.is_file()
    except (OSError, RuntimeError) as error:  # a name that is too long, a link to itself
        raise BadModelError(f"{what} cannot be found: {error}") from error
    if not found:
        raise BadModelError(f"{what} is missing, expected {path}{f'; {remedy}' if remedy else ''}")
    if not resolved.is_relative_to(root):
        raise BadModelError(f"{what} is a link that points outside the package: {resolved}")
    return resolved
