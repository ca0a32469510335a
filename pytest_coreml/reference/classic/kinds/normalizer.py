"""The normalizer: a vector divided by its norm."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from pytest_coreml.reference.classic.model_kinds import predicts
from pytest_coreml.reference.errors import BadModelError

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from pytest_coreml.reference.classic.feature_values import Values
    from pytest_coreml.reference.classic.model_kinds import Compute
    from pytest_coreml.reference.options import RuntimeOptions

# By the numbers of Normalizer.NormType. The largest is that of the magnitudes, as in scikit-learn, which it comes from.
_NORMS: Final[dict[int, Callable[[NDArray[Any]], Any]]] = {
    0: lambda x: np.abs(x).max(initial=0),
    1: lambda x: np.abs(x).sum(),
    2: lambda x: np.sqrt(np.square(x).sum()),
}


@predicts("normalizer")
def normalizer(message: Any, description: Any, _: RuntimeOptions) -> Compute:
    """Make a normalizer; a vector of zeros stays one."""
    if message.normType not in _NORMS:
        raise BadModelError(f"the normalizer has the unknown norm number {message.normType}")
    norm = _NORMS[message.normType]
    name = description.output[0].name

    def compute(values: Values) -> dict[str, Any]:
        x = values.vector()
        return {name: (x / (norm(x) or 1.0)).reshape(np.shape(values.only()))}

    return compute
