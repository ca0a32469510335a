"""The dictionary vectorizer: a dictionary to numbers in a fixed order of its keys."""

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


@predicts("dictVectorizer")
def dict_vectorizer(message: Any, description: Any, _: RuntimeOptions) -> Compute:
    """Make a vectorizer; unknown keys are ignored, and what is missing is zero."""
    field = chosen_field(message, "Map", "the dictVectorizer has no keys")
    positions = {key: position for position, key in enumerate(getattr(message, field).vector)}
    output = description.output[0]
    key_type = str if field == "stringToIndex" else int
    sparse = output.type.WhichOneof("Type") == "dictionaryType"

    def compute(values: Values) -> dict[str, Any]:
        given = values.only() or {}
        strange = next((key for key in given if not isinstance(key, key_type)), None)
        if strange is not None:
            raise BadInputError(f"input {values.names[0]!r}: the keys are {key_type.__name__}, got {strange!r}")
        known = {positions[key]: number for key, number in given.items() if key in positions}
        if sparse:
            return {output.name: known}
        array = np.zeros(len(positions))
        array[list(known.keys())] = list(known.values())
        return {output.name: array}

    return compute
