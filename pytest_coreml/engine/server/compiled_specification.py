"""Read what the files of a compiled model (`.mlmodelc`) say of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pytest_coreml.engine.server.weight_types import weight_files
from pytest_coreml.errors import ModelError
from pytest_coreml.reference.errors import ReferenceRuntimeError, UnsupportedModelError
from pytest_coreml.reference.format.compiled_package import CompiledPackage
from pytest_coreml.reference.format.package import open_compiled
from pytest_coreml.reference.format.proto import read_spec


def load_compiled_specification(path: str) -> Any:
    """Return the `Model` message of a compiled model.

    Where Core ML may run what is not readable here (a compiled network, a newer text), the message has the description
    and the type, and no operations. Raises `ModelError`, naming file and cause, if the files are not a compiled model.
    """
    try:
        package = open_compiled(Path(path))
        if not isinstance(package, CompiledPackage):
            return read_spec(package)
        package = CompiledPackage(package.path, package.root, checks_weights=False)
        try:
            model = read_spec(package)
        except UnsupportedModelError:
            return package.outline()
        # Core ML names neither a file that is missing nor a pointer of Git LFS in its place.
        for weights in weight_files(model):
            package.blob_file(weights)
    except ReferenceRuntimeError as error:
        text = str(error)
        raise ModelError(text if text.startswith(path) else f"{path}: {text}") from error
    return model
