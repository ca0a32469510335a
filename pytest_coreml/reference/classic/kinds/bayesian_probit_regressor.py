"""The Bayesian probit regressor: the mean and the variance of a sum of Gaussian weights."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from pytest_coreml.reference.classic.model_kinds import predicts
from pytest_coreml.reference.errors import BadInputError, BadModelError, UnsupportedModelError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from pytest_coreml.reference.classic.feature_values import Values
    from pytest_coreml.reference.classic.model_kinds import Compute
    from pytest_coreml.reference.options import RuntimeOptions


@predicts("bayesianProbitRegressor")
def bayesian_probit_regressor(message: Any, description: Any, _: RuntimeOptions) -> Compute:
    """Make a regressor of the mean and the variance; `UnsupportedModelError` when it has other outputs.

    The probability needs the scale of the link function, which the file does not have.
    """
    known = {message.meanOutputFeatureName, message.varianceOutputFeatureName}
    others = [feature.name for feature in description.output if feature.name not in known]
    if others:
        raise UnsupportedModelError(
            f"a bayesianProbitRegressor with the output {', '.join(others)} is not executed by the reference runtime: "
            "the scale of its link function is not in the file; it runs on a Mac only"
        )
    weights = {
        (feature.featureId, weight.featureValue): _moments(weight.featureWeight)
        for feature in message.features
        for weight in feature.weights
    }
    bias = _moments(message.bias)

    def compute(values: Values) -> dict[str, Any]:
        used = [weights.get(pair) for pair in _pairs(values.given[message.regressionInputFeatureName])]
        moments = np.array([bias, *(moment for moment in used if moment is not None)]).sum(axis=0)
        return {message.meanOutputFeatureName: moments[0], message.varianceOutputFeatureName: moments[1]}

    return compute


def _moments(gaussian: Any) -> tuple[float, float]:
    """Return the mean and the variance of a Gaussian."""
    if gaussian.precision <= 0:
        raise BadModelError(f"the regressor has a weight of precision {gaussian.precision}, expected more than 0")
    return gaussian.mean, 1 / gaussian.precision


def _pairs(array: NDArray[Any]) -> list[tuple[int, int]]:
    """Return pairs of feature and value: the rows of a matrix, or the positions and elements of a vector."""
    if array.ndim == 1:
        return [(position, int(value)) for position, value in enumerate(array)]
    if array.ndim != 2 or array.shape[1] != 2:
        raise BadInputError(f"expected a vector of values, or rows of feature and value, got {list(array.shape)}")
    return [(int(feature), int(value)) for feature, value in array]
