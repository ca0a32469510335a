"""The one-hot encoder: a category to zeros and a one at its position."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from pytest_coreml.reference.classic.chosen_field import chosen_field
from pytest_coreml.reference.classic.model_kinds import predicts
from pytest_coreml.reference.errors import BadInputError

if TYPE_CHECKING:
    from pytest_coreml.reference.classic.feature_values import Values
    from pytest_coreml.reference.classic.model_kinds import Compute
    from pytest_coreml.reference.options import RuntimeOptions


@predicts("oneHotEncoder")
def one_hot_encoder(message: Any, description: Any, _: RuntimeOptions) -> Compute:
    """Make an encoder; its output is an array, or a dictionary from position to one where it is sparse."""
    field = chosen_field(message, "CategoryType", "the oneHotEncoder has no categories")
    positions = {category: position for position, category in enumerate(getattr(message, field).vector)}
    output = description.output[0].name
    ignores_unknown = message.handleUnknown == message.IgnoreUnknown

    def compute(values: Values) -> dict[str, Any]:
        category = values.only()
        position = positions.get(category)
        if position is None and not ignores_unknown:
            raise BadInputError(f"input {values.names[0]!r}: {category!r} is not one of the encoder's categories")
        if message.outputSparse:
            return {output: {} if position is None else {position: 1.0}}
        array = np.zeros(len(positions))
        if position is not None:
            array[position] = 1
        return {output: array}

    return compute
