"""The pipeline in a `Model` message, of any of the three kinds."""

from __future__ import annotations

from typing import Any


def pipeline_message(spec: Any) -> Any:
    """Return the `Pipeline` message of a `Model` message, or None when the model is not a pipeline."""
    kind = spec.WhichOneof("Type")
    if kind in ("pipelineClassifier", "pipelineRegressor"):
        return getattr(spec, kind).pipeline
    return spec.pipeline if kind == "pipeline" else None
