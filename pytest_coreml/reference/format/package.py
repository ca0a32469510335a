"""The parts of a model on disk: `.mlpackage`, `.mlmodel`, and the `.mlmodelc` folders of this runtime."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Protocol

from pytest_coreml.reference.errors import BadModelError
from pytest_coreml.reference.format.blob import BlobFile, MemoryBlobs
from pytest_coreml.reference.format.compiled_package import COMPILED_MARK, CompiledPackage
from pytest_coreml.reference.format.folder_files import inside, read_file, relative_name, weight_file
from pytest_coreml.reference.format.program import read_function

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pytest_coreml.reference.format.program import Function

# The model's proto in a compiled folder of ours, beside the mark that coremltools, and Core ML, look for.
COMPILED_MODEL: Final = "model.mlmodel"

# In bytes: what no manifest reaches, and what no message of protobuf can exceed
_MAX_MANIFEST: Final = 1 << 20
_MAX_MESSAGE: Final = (1 << 31) - 1


class Package(Protocol):
    """The source of a model. Messages refer to it by `path`."""

    @property
    def path(self) -> Path:
        """The path that the user passed."""

    def model(self, *, functions: bool = True) -> bytes:
        """Return the serialized `Model` message; raise `BadModelError` if it cannot be read.

        Without *functions*, it may lack those of an ML Program, which `function` returns.
        """

    def blob_file(self, name: str) -> BlobFile | MemoryBlobs:
        """Return the weights that the program refers to by *name*; raise `BadModelError` if missing or outside."""

    def function(self, program: Any, name: str) -> Function:
        """Return the function *name* of *program*, which is from `model`; raise the errors of `read_function`."""


@dataclass(frozen=True)
class MemoryPackage:
    """A model in memory: its message, and its weight files by their names relative to the model's folder."""

    content: bytes
    weights: Mapping[str, bytes]
    path: Path = Path("a model in memory")

    def model(self, *, functions: bool = True) -> bytes:  # noqa: ARG002 - they cost nothing
        """Return the message."""
        return self.content

    def blob_file(self, name: str) -> MemoryBlobs:
        """Return the weights that the program refers to by *name*; raise `BadModelError` if there are none."""
        relative = str(relative_name(name, self.path))
        if relative not in self.weights:
            has = ", ".join(sorted(self.weights)) or "none"
            raise BadModelError(f"{self.path}: the weight file {relative!r} is missing; the weight files are: {has}")
        return MemoryBlobs(relative, self.weights[relative])

    def function(self, program: Any, name: str) -> Function:
        """Return a function of a program in the message; raise the errors of `read_function`."""
        return read_function(program, name, self.blob_file)


@dataclass(frozen=True)
class FilePackage:
    """A model on disk: `path` is the path that the user passed, `model_file` the proto in it.

    Weight files are resolved relative to the folder of `model_file`, and must be inside `root`.
    """

    path: Path
    model_file: Path
    root: Path
    _blobs: dict[str, BlobFile] = field(default_factory=dict, repr=False)

    def model(self, *, functions: bool = True) -> bytes:  # noqa: ARG002 - they cost nothing
        """Return the message; raise `BadModelError` if the file cannot be read."""
        try:
            return read_file(self.model_file, _MAX_MESSAGE)
        except (OSError, ValueError) as error:
            raise BadModelError(f"{self.model_file}: {error}") from error

    def blob_file(self, name: str) -> BlobFile:
        """Return the weight file that the program refers to by *name*; raise `BadModelError` if missing or outside."""
        if name not in self._blobs:
            relative = relative_name(name, self.path)
            path = weight_file(self.root, self.model_file.parent / relative, f"{self.path}: the weight file {name!r}")
            self._blobs[name] = BlobFile(path)
        return self._blobs[name]

    def function(self, program: Any, name: str) -> Function:
        """Return a function of a program in the message; raise the errors of `read_function`."""
        return read_function(program, name, self.blob_file)


def open_package(path: Path) -> FilePackage | CompiledPackage:
    """Return the model at *path*; raise `BadModelError`, naming the file and the cause, if there is none."""
    if not path.exists():
        raise BadModelError(f"{path}: no such file or folder")
    if path.is_file():
        return FilePackage(path, path.resolve(), path.resolve().parent)
    if (path / COMPILED_MARK).exists() or path.suffix == ".mlmodelc":
        return open_compiled(path)
    return _mlpackage(path)


def open_compiled(path: Path) -> FilePackage | CompiledPackage:
    """Return the model in a `.mlmodelc` folder; raise `BadModelError` if there is none."""
    if not path.is_dir():
        raise BadModelError(f"{path}: no such folder")
    root = path.resolve()
    if not (root / COMPILED_MARK).is_file():
        raise BadModelError(f"{path}: not a compiled model: {COMPILED_MARK} is missing")
    if not (root / COMPILED_MODEL).exists():
        return CompiledPackage(path, root)
    return FilePackage(path, inside(root, root / COMPILED_MODEL, f"{path}: {COMPILED_MODEL}"), root)


def _mlpackage(path: Path) -> FilePackage:
    manifest_file = path / "Manifest.json"
    manifest_path = inside(path.resolve(), manifest_file, f"{manifest_file}: the manifest of the package")
    try:
        manifest = json.loads(read_file(manifest_path, _MAX_MANIFEST).decode())
    except (OSError, ValueError, RecursionError) as error:
        raise BadModelError(f"{manifest_file}: cannot read the manifest of the package: {error}") from error
    root = (path / "Data").resolve()
    name = _root_model(manifest, manifest_file)
    model_file = inside(root, root / relative_name(name, manifest_file), f"{manifest_file}: the model file {name!r}")
    return FilePackage(path, model_file, root)


def _root_model(manifest: Any, manifest_file: Path) -> str:
    try:
        path = manifest["itemInfoEntries"][manifest["rootModelIdentifier"]]["path"]
    except (KeyError, TypeError) as error:
        raise BadModelError(f"{manifest_file}: does not name the root model, {error} is missing") from error
    if not isinstance(path, str):
        raise BadModelError(f"{manifest_file}: the path of the root model is not a string")
    return path
