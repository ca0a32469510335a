"""The scaler: (x + shift) * scale."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from pytest_coreml.reference.classic.model_kinds import predicts
from pytest_coreml.reference.errors import BadInputError

if TYPE_CHECKING:
    from pytest_coreml.reference.classic.feature_values import Values
    from pytest_coreml.reference.classic.model_kinds import Compute
    from pytest_coreml.reference.options import RuntimeOptions


@predicts("scaler")
def scaler(message: Any, description: Any, _: RuntimeOptions) -> Compute:
    """Make a scaler; one shift and scale for all elements, or one for each."""
    shift = np.array(message.shiftValue or [0.0])
    scale = np.array(message.scaleValue or [1.0])
    name = description.output[0].name

    def compute(values: Values) -> dict[str, Any]:
        x = values.vector()
        for parameter in (shift, scale):
            if parameter.size not in (1, x.size):
                raise BadInputError(f"the scaler has parameters for {parameter.size} numbers, got {x.size}")
        return {name: ((x + shift) * scale).reshape(np.shape(values.only()))}

    return compute
