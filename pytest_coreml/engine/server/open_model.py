"""Open a model for coremltools' own functions, in the process that calls it."""

from __future__ import annotations

import importlib
import tempfile
from pathlib import Path
from typing import Any

from pytest_coreml.engine.server.coremltools_import import quiet_logger
from pytest_coreml.engine.server.specification import load_specification
from pytest_coreml.reference.format.package import FilePackage, open_package

# coremltools has one folder of weights in a package, beside the specification.
_WEIGHTS = "weights"


def open_model(path: str) -> Any:
    """Return the `MLModel` at *path*, which is not loaded; a package is only read.

    Raises `ModelError` for a package that cannot be read.
    """
    with quiet_logger():
        models = importlib.import_module("coremltools").models
        package = open_package(Path(path)) if Path(path).suffix == ".mlpackage" else None
        if not isinstance(package, FilePackage):
            return models.MLModel(path, skip_model_load=True)
        # By the path of a package, coremltools' native reader writes its manifest anew.
        specification, weights = load_specification(path), package.model_file.parent / _WEIGHTS
        if weights.is_dir():
            return models.MLModel(specification, weights_dir=str(weights), skip_model_load=True)
        with tempfile.TemporaryDirectory() as empty:
            return models.MLModel(specification, weights_dir=empty, skip_model_load=True)
