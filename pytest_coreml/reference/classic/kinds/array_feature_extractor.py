"""The array feature extractor: elements of an array by their flat indices."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from pytest_coreml.reference.classic.feature_values import numbers
from pytest_coreml.reference.classic.model_kinds import predicts
from pytest_coreml.reference.errors import BadInputError, BadModelError

if TYPE_CHECKING:
    from pytest_coreml.reference.classic.feature_values import Values
    from pytest_coreml.reference.classic.model_kinds import Compute
    from pytest_coreml.reference.options import RuntimeOptions


@predicts("arrayFeatureExtractor")
def array_feature_extractor(message: Any, description: Any, _: RuntimeOptions) -> Compute:
    """Make an extractor; a scalar output takes exactly one index."""
    indices = np.array(list(message.extractIndex), np.int64)
    output = description.output[0]
    scalar = output.type.WhichOneof("Type") != "multiArrayType"
    if scalar and indices.size != 1:
        raise BadModelError(f"the output {output.name!r} is one number, and {indices.size} are extracted")

    def compute(values: Values) -> dict[str, Any]:
        array = numbers(values.only(), values.names[0])
        if indices.size and indices.max() >= array.size:
            raise BadInputError(f"element {indices.max()} is extracted of an array of {array.size}")
        return {output.name: array[indices]}

    return compute
