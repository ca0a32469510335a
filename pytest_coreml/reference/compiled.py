"""Makes the `.mlmodelc` folders of this runtime: the proto, the weights, and the mark that coremltools looks for."""

from __future__ import annotations

import os
import shutil
import tempfile
import uuid
from pathlib import Path

from pytest_coreml.reference.package import COMPILED_MARK, COMPILED_MODEL, open_package
from pytest_coreml.reference.proto import read_spec


def compile_model(path: Path) -> Path:
    """Compile a package or `.mlmodel` into a new folder in the temporary directory, the caller's to delete.

    Weights are hard-linked where the file system allows, else copied.
    """
    package = open_package(path)
    read_spec(package)
    folder = Path(tempfile.gettempdir()) / f"{path.stem}_{uuid.uuid4()}.mlmodelc"
    folder.mkdir()
    try:
        shutil.copyfile(package.model_file, folder / COMPILED_MODEL)
        weights = package.model_file.parent / "weights"
        if package.model_file.suffix == ".mlmodel" and path.is_dir() and weights.is_dir():
            shutil.copytree(weights, folder / "weights", symlinks=True, copy_function=_link_or_copy)
        (folder / COMPILED_MARK).write_bytes(b"pytest-coreml reference runtime\n")
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    return folder


def _link_or_copy(source: str, target: str) -> None:
    try:
        os.link(source, target)
    except OSError:  # another file system
        shutil.copyfile(source, target)
