"""The Bayesian probit regressor: what can be computed of it, and what not."""

from __future__ import annotations

import numpy as np
import pytest
from classic_models import make_spec, predict, predictor

from pytest_coreml.reference.errors import UnsupportedModelError


def regressor(*outputs):
    """Return a regressor of two features with two values each."""
    spec, part = make_spec("bayesianProbitRegressor", {"x": "array int32"}, dict.fromkeys(outputs, "double"))
    part.regressionInputFeatureName, part.numberOfFeatures = "x", 2
    part.meanOutputFeatureName, part.varianceOutputFeatureName = "mean", "variance"
    part.bias.mean, part.bias.precision = 0.5, 2.0
    for feature in range(2):
        weights = part.features.add(featureId=feature).weights
        for value in range(2):
            weight = weights.add(featureValue=value).featureWeight
            weight.mean, weight.precision = feature + value / 4, 4.0
    return spec


def test_mean_and_variance_are_sums_over_the_weights():
    """Independent Gaussians add their means and variances; both forms of the input choose the same weights."""
    for x in ([1, 0], [[0, 1], [1, 0]]):
        result = predict(regressor("mean", "variance"), x=np.array(x, np.int32))
        assert result == pytest.approx({"mean": 0.5 + 0.25 + 1.0, "variance": 0.5 + 0.25 + 0.25})


def test_the_probability_is_refused_with_the_reason():
    """The scale of the link function is not in the file."""
    with pytest.raises(UnsupportedModelError, match=r"output probability is not executed .* the scale of its link"):
        predictor(regressor("probability", "mean"))
