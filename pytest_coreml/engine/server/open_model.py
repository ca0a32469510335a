"""Open a model for a callable of the user's, in the process that calls it."""

from __future__ import annotations

import importlib
from typing import Any

from pytest_coreml.engine.server.coremltools_import import quiet_logger


def open_model(path: str) -> Any:
    """Return the `MLModel` at *path*, which is not loaded."""
    with quiet_logger():
        coremltools = importlib.import_module("coremltools")
        return coremltools.models.MLModel(path, skip_model_load=True)
