"""Class confidence thresholding: marks the classes that are present, which are all of them in today's format."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from pytest_coreml.reference.classic.model_kinds import predicts

if TYPE_CHECKING:
    from pytest_coreml.reference.classic.feature_values import Values
    from pytest_coreml.reference.classic.model_kinds import Compute
    from pytest_coreml.reference.options import RuntimeOptions


@predicts("classConfidenceThresholding")
def class_confidence_thresholding(_: Any, description: Any, __: RuntimeOptions) -> Compute:
    """Make the model: the confidences in a first row, ones in a second (ClassConfidenceThresholding.proto)."""
    output = description.output[0].name

    def compute(values: Values) -> dict[str, Any]:
        confidences = values.vector()
        return {output: np.stack([confidences, np.ones_like(confidences)])}

    return compute
