"""The parts of a model on disk: `.mlpackage`, `.mlmodel`, and the `.mlmodelc` folders of this runtime."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any, Final, Protocol

from pytest_coreml.reference.errors import BadModelError
from pytest_coreml.reference.format.blob import BlobFile, MemoryBlobs

if TYPE_CHECKING:
    from collections.abc import Mapping

# A program calls its own folder by this word: `@model_path/weights/weight.bin`.
_MODEL_PATH: Final = "@model_path"

# The two files of a compiled folder: coremltools, and Core ML, look for the first; the second is the model's proto.
COMPILED_MARK: Final = "coremldata.bin"
COMPILED_MODEL: Final = "model.mlmodel"

# In bytes: what no manifest reaches, and what no message of protobuf can exceed
_MAX_MANIFEST: Final = 1 << 20
_LARGEST_MESSAGE: Final = (1 << 31) - 1


class Package(Protocol):
    """The source of a model. Messages refer to it by `path`."""

    @property
    def path(self) -> Path:
        """The path that the user passed."""

    def model(self) -> bytes:
        """Return the serialized `Model` message; raise `BadModelError` if it cannot be read."""

    def blob_file(self, name: str) -> BlobFile | MemoryBlobs:
        """Return the weights that the program refers to by *name*; raise `BadModelError` if missing or outside."""


@dataclass(frozen=True)
class MemoryPackage:
    """A model in memory: its message, and its weight files by their names relative to the model's folder."""

    content: bytes
    weights: Mapping[str, bytes]
    path: Path = Path("a model in memory")

    def model(self) -> bytes:
        """Return the message."""
        return self.content

    def blob_file(self, name: str) -> MemoryBlobs:
        """Return the weights that the program refers to by *name*; raise `BadModelError` if there are none."""
        relative = str(_relative_name(name, self.path))
        if relative not in self.weights:
            has = ", ".join(sorted(self.weights)) or "none"
            raise BadModelError(f"{self.path}: the weight file {relative!r} is not among those given: {has}")
        return MemoryBlobs(relative, self.weights[relative])


@dataclass(frozen=True)
class FilePackage:
    """A model on disk: `path` is the path that the user passed, `model_file` the proto in it.

    Weight files are resolved relative to the folder of `model_file`, and must be inside `root`.
    """

    path: Path
    model_file: Path
    root: Path
    _blobs: dict[str, BlobFile] = field(default_factory=dict, repr=False)

    def model(self) -> bytes:
        """Return the message; raise `BadModelError` if the file cannot be read."""
        try:
            return _read(self.model_file, _LARGEST_MESSAGE)
        except (OSError, ValueError) as error:
            raise BadModelError(f"{self.model_file}: cannot read the model: {error}") from error

    def blob_file(self, name: str) -> BlobFile:
        """Return the weight file that the program refers to by *name*; raise `BadModelError` if missing or outside."""
        if name not in self._blobs:
            relative = _relative_name(name, self.path)
            path = _inside(self.root, self.model_file.parent / relative, f"{self.path}: the weight file {name!r}")
            self._blobs[name] = BlobFile(path)
        return self._blobs[name]


def open_package(path: Path) -> FilePackage:
    """Return the model at *path*; raise `BadModelError`, naming the file and the cause, if there is none."""
    if not path.exists():
        raise BadModelError(f"{path}: there is no such file or folder")
    if path.is_file():
        return FilePackage(path, path.resolve(), path.resolve().parent)
    if (path / COMPILED_MARK).exists() or path.suffix == ".mlmodelc":
        return open_compiled(path)
    return _mlpackage(path)


def open_compiled(path: Path) -> FilePackage:
    """Return the model in a `.mlmodelc` folder; raise `BadModelError` if this runtime did not make the folder."""
    if not path.is_dir():
        raise BadModelError(f"{path}: there is no such folder")
    root = path.resolve()
    if (root / "model.mil").exists() and not (root / COMPILED_MODEL).exists():
        raise BadModelError(
            f"{path}: compiled by Core ML; the reference runtime needs the .mlpackage that it came from"
        )
    if not (root / COMPILED_MARK).is_file():
        raise BadModelError(f"{path}: no compiled model, {COMPILED_MARK} is missing")
    return FilePackage(path, _inside(root, root / COMPILED_MODEL, f"{path}: {COMPILED_MODEL}"), root)


def _mlpackage(path: Path) -> FilePackage:
    manifest_file = path / "Manifest.json"
    manifest_path = _inside(path.resolve(), manifest_file, f"{manifest_file}: the manifest of the package")
    try:
        manifest = json.loads(_read(manifest_path, _MAX_MANIFEST).decode())
    except (OSError, ValueError, RecursionError) as error:
        raise BadModelError(f"{manifest_file}: cannot read the manifest of the package: {error}") from error
    root = (path / "Data").resolve()
    name = _root_model(manifest, manifest_file)
    model_file = _inside(root, root / _relative_name(name, manifest_file), f"{manifest_file}: the model file {name!r}")
    return FilePackage(path, model_file, root)


def _read(path: Path, most: int) -> bytes:
    """Read a file; raise ValueError if it is larger than a valid one can be."""
    size = path.stat().st_size
    if size > most:
        raise ValueError(f"it has {size} bytes, expected {most} or less")
    return path.read_bytes()


def _root_model(manifest: Any, manifest_file: Path) -> str:
    try:
        path = manifest["itemInfoEntries"][manifest["rootModelIdentifier"]]["path"]
    except (KeyError, TypeError) as error:
        raise BadModelError(f"{manifest_file}: does not name the root model, {error} is missing") from error
    if not isinstance(path, str):
        raise BadModelError(f"{manifest_file}: the path of the root model is no text")
    return path


def _relative_name(name: str, where: Path) -> PurePosixPath:
    """Convert the name of a file in a package to a path relative to the package's folder."""
    path = PurePosixPath(name.removeprefix(_MODEL_PATH + "/"))
    if not name or "\0" in name or path.is_absolute() or ".." in path.parts:
        raise BadModelError(f"{where}: the file name {name!r} leaves the package")
    return path


def _inside(root: Path, path: Path, what: str) -> Path:
    """Resolve links, and check that the file exists inside *root*."""
    try:
        resolved = path.resolve()
        is_file = resolved.is_file()
    except (OSError, RuntimeError) as error:  # a name that is too long, a link to itself
        raise BadModelError(f"{what} cannot be found: {error}") from error
    if not is_file:
        raise BadModelError(f"{what} is not there, expected {path}")
    if not resolved.is_relative_to(root):
        raise BadModelError(f"{what} is a link that leaves the package: {resolved}")
    return resolved
