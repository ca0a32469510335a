"""Makes the `.mlmodelc` folders of this runtime: the proto, the weights, and the mark that coremltools looks for."""

from __future__ import annotations

import os
import shutil
import tempfile
import uuid
from pathlib import Path

from pytest_coreml.reference.errors import BadModelError
from pytest_coreml.reference.format.compiled_package import COMPILED_MARK
from pytest_coreml.reference.format.package import COMPILED_MODEL, FilePackage, open_package
from pytest_coreml.reference.format.proto import read_spec


def compile_model(path: Path) -> Path:
    """Compile a package or `.mlmodel` into a new folder in the temporary directory, the caller's to delete.

    Weights are hard-linked where the file system allows, else copied. Raises `BadModelError` for what is not a model,
    or cannot be copied.
    """
    package = open_package(path)
    if not isinstance(package, FilePackage):
        raise BadModelError(f"{path}: is compiled already; load it with CompiledMLModel")
    read_spec(package)
    folder = Path(tempfile.gettempdir()) / f"{path.stem}_{uuid.uuid4()}.mlmodelc"
    try:
        _copy(package, folder)
    except OSError as error:
        shutil.rmtree(folder, ignore_errors=True)
        raise BadModelError(f"{path}: cannot be copied to {folder}: {error}") from error
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    return folder


def _copy(package: FilePackage, folder: Path) -> None:
    if package.path.is_dir():
        # The model's own file is copied below, under the name that it has in a compiled folder; links stay links, and
        # are checked when a weight file is requested.
        ignored = shutil.ignore_patterns(package.model_file.name)
        shutil.copytree(package.model_file.parent, folder, symlinks=True, ignore=ignored, copy_function=_link_or_copy)
    else:
        folder.mkdir()
    shutil.copyfile(package.model_file, folder / COMPILED_MODEL)
    (folder / COMPILED_MARK).write_bytes(b"pytest-coreml reference runtime\n")


def _link_or_copy(source: str, target: str) -> None:
    try:
        os.link(source, target)
    except OSError:  # another file system
        shutil.copyfile(source, target)
