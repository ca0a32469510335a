"""Linear models against scikit-learn and the definition of their links."""

from __future__ import annotations

from statistics import NormalDist

import numpy as np
import pytest
from classic_models import make_classifier, make_spec, predict, predictor
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.multiclass import OneVsRestClassifier

from pytest_coreml.reference.errors import BadInputError, BadModelError

DATA = np.random.default_rng(0).standard_normal((60, 3))
CLASSES = np.digitize(DATA[:, 0] - DATA[:, 1], [-0.5, 0.5])


def fill(part, weights, offsets):
    """Write rows of weights and their offsets."""
    for row in weights:
        part.weights.add().value.extend(row)
    part.offset.extend(offsets)


def test_a_regressor_predicts_as_scikit_learn():
    """Inputs of several types are joined in the order of the description."""
    model = LinearRegression().fit(DATA, DATA @ [1, -2, 3] + 0.5)
    spec, part = make_spec("glmRegressor", {"ab": "array 2", "c": "double"}, {"y": "double"})
    fill(part, [model.coef_], [model.intercept_])
    run = predictor(spec)

    assert [run(ab=row[:2], c=row[2])["y"] for row in DATA] == pytest.approx(model.predict(DATA))


@pytest.mark.parametrize(("transform", "link"), [(1, lambda s: 1 / (1 + np.exp(-s))), (2, NormalDist().cdf)])
@pytest.mark.parametrize("x", [-1000.0, -1.0, 0.0, 2.0, 1000.0])
def test_links_of_a_regressor(transform, link, x):
    """Logit and probit turn the sum into a probability, far from zero too."""
    spec, part = make_spec("glmRegressor", {"x": "double"}, {"y": "double"})
    fill(part, [[1.0]], [0.0])
    part.postEvaluationTransform = transform

    with np.errstate(over="ignore"):
        assert predict(spec, x=x)["y"] == pytest.approx(link(x))


def test_two_classes_by_one_sum():
    """The sum is for the second class."""
    model = LogisticRegression().fit(DATA, CLASSES > 1)
    spec, part = make_classifier("glmClassifier", {"x": "array 3"}, ["no", "yes"])
    fill(part, model.coef_, model.intercept_)
    run = predictor(spec)

    shares = [list(run(x=row)["share"].values()) for row in DATA]
    np.testing.assert_allclose(shares, model.predict_proba(DATA))
    assert [run(x=row)["label"] == "yes" for row in DATA] == model.predict(DATA).tolist()


def test_one_class_against_the_rest():
    """The probabilities of the classes, each by its own sum, are divided by their total."""
    model = OneVsRestClassifier(LogisticRegression()).fit(DATA, CLASSES)
    spec, part = make_classifier("glmClassifier", {"x": "array 3"}, [0, 1, 2])
    fill(part, [one.coef_[0] for one in model.estimators_], [one.intercept_[0] for one in model.estimators_])
    part.classEncoding = part.OneVsRest
    run = predictor(spec)

    shares = [list(run(x=row)["share"].values()) for row in DATA]
    np.testing.assert_allclose(shares, model.predict_proba(DATA))
    assert [run(x=row)["label"] for row in DATA] == model.predict(DATA).tolist()


def test_classes_against_a_reference():
    """With a reference class, a multinomial model is given by the differences from its first class."""
    model = LogisticRegression().fit(DATA, CLASSES)
    spec, part = make_classifier("glmClassifier", {"x": "array 3"}, [0, 1, 2])
    fill(part, model.coef_[1:] - model.coef_[0], model.intercept_[1:] - model.intercept_[0])
    run = predictor(spec)

    np.testing.assert_allclose([list(run(x=row)["share"].values()) for row in DATA], model.predict_proba(DATA))


def test_what_does_not_fit_is_named():
    """Rows of weights that do not fit the classes, or inputs that do not fit the weights, are errors."""
    spec, part = make_classifier("glmClassifier", {"x": "array"}, [0, 1, 2])
    fill(part, [[1.0, 2.0]], [0.0])
    with pytest.raises(BadModelError, match="3 classes and 1 rows"):
        predictor(spec)
    fill(part, [[1.0, 2.0]], [0.0])
    with pytest.raises(BadInputError, match="3 numbers together, expected 2"):
        predict(spec, x=np.ones(3))
