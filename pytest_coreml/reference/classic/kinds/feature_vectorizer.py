"""The feature vectorizer: numbers, arrays and sparse dictionaries to one array."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from pytest_coreml.reference.classic.feature_values import check_count, numbers
from pytest_coreml.reference.classic.model_kinds import predicts
from pytest_coreml.reference.errors import BadInputError, BadModelError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from pytest_coreml.reference.classic.feature_values import Values
    from pytest_coreml.reference.classic.model_kinds import Compute
    from pytest_coreml.reference.options import RuntimeOptions


@predicts("featureVectorizer")
def feature_vectorizer(message: Any, description: Any, _: RuntimeOptions) -> Compute:
    """Make a vectorizer, which takes its inputs in the order of its list."""
    columns = [(column.inputColumn, int(column.inputDimensions)) for column in message.inputList]
    check_count(sum(size for _, size in columns), "the output of the featureVectorizer")
    unknown = {name for name, _ in columns} - {feature.name for feature in description.input}
    if unknown:
        raise BadModelError(f"the featureVectorizer lists inputs that are not declared: {', '.join(sorted(unknown))}")
    output = description.output[0].name

    def compute(values: Values) -> dict[str, Any]:
        parts = [_dense(values.given.get(name), name, size) for name, size in columns]
        return {output: np.concatenate(parts) if parts else np.zeros(0)}

    return compute


def _dense(value: Any, name: str, size: int) -> NDArray[Any]:
    """Return *size* numbers; a dictionary has them by their positions, and zeros elsewhere."""
    if value is None:
        return np.full(size, np.nan)
    if not isinstance(value, dict):
        array = numbers(value, name)
        if array.size != size:
            raise BadInputError(f"input {name!r}: the featureVectorizer takes {size} numbers of it, got {array.size}")
        return array
    array = np.zeros(size)
    for position, number in value.items():
        if not isinstance(position, int) or not 0 <= position < size:
            raise BadInputError(f"input {name!r}: {position!r} is not a position from 0 to {size - 1}")
        array[position] = number
    return array
