"""Generalized linear models: a weighted sum of the inputs, and a link."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from pytest_coreml.reference.classic.feature_values import check_size
from pytest_coreml.reference.classic.labels import Labels, regression_output
from pytest_coreml.reference.classic.links import logistic, normal_cdf, softmax_with_reference, two_classes
from pytest_coreml.reference.classic.model_kinds import predicts
from pytest_coreml.reference.errors import BadModelError

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from pytest_coreml.reference.classic.feature_values import Values
    from pytest_coreml.reference.classic.model_kinds import Compute
    from pytest_coreml.reference.options import RuntimeOptions

# By the numbers of PostEvaluationTransform, which differ between regressor and classifier.
_REGRESSOR_LINKS: Final[dict[int, Callable[[Any], Any]]] = {0: lambda sums: sums, 1: logistic, 2: normal_cdf}
_CLASSIFIER_LINKS: Final[dict[int, Callable[[Any], Any]]] = {0: logistic, 1: normal_cdf}


class _Sums:
    """The sums of a linear model: one for each row of its weights."""

    def __init__(self, message: Any) -> None:
        rows = [np.array(row.value) for row in message.weights]
        if not rows or len({row.size for row in rows}) != 1:
            raise BadModelError("the linear model has no weights, or rows of weights of different lengths")
        self._weights = np.stack(rows)
        self._offsets = np.array(message.offset) if message.offset else np.zeros(len(rows))
        if self._offsets.size != len(rows):
            raise BadModelError(f"the linear model has {len(rows)} rows of weights and {self._offsets.size} offsets")

    @property
    def count(self) -> int:
        return len(self._weights)

    def of(self, values: Values) -> NDArray[Any]:
        sums: NDArray[Any] = self._weights @ check_size(values.vector(), self._weights.shape[1]) + self._offsets
        return sums


@predicts("glmRegressor")
def linear_regressor(message: Any, description: Any, _: RuntimeOptions) -> Compute:
    """Make a regressor; several rows of weights give an array."""
    sums = _Sums(message)
    link = _link(_REGRESSOR_LINKS, message)
    output = regression_output(description)
    return lambda values: {output: link(sums.of(values))}


@predicts("glmClassifier")
def linear_classifier(message: Any, description: Any, _: RuntimeOptions) -> Compute:
    """Make a classifier: of two classes by one sum, of more by the class encoding."""
    sums = _Sums(message)
    labels = Labels(message, description)
    probabilities = _probabilities(message, sums.count, len(labels))
    return lambda values: labels.results(probabilities(sums.of(values)))


def _probabilities(message: Any, rows: int, classes: int) -> Callable[[NDArray[Any]], NDArray[Any]]:
    link = _link(_CLASSIFIER_LINKS, message)
    if classes == 2 and rows == 1:
        return lambda sums: two_classes(link(sums)[0])
    if message.classEncoding == message.OneVsRest:
        expected = classes
    elif link is logistic:
        expected = classes - 1
    else:
        raise BadModelError("the linear classifier has a probit link and more than two classes")
    if rows != expected:
        raise BadModelError(f"the linear classifier has {classes} classes and {rows} rows of weights")
    if message.classEncoding == message.OneVsRest:
        return lambda sums: _shares(link(sums))
    return softmax_with_reference


def _shares(parts: NDArray[Any]) -> NDArray[Any]:
    total = parts.sum()
    return parts / total if total > 0 else np.full(parts.shape, 1 / parts.size)


def _link(links: dict[int, Callable[[Any], Any]], message: Any) -> Callable[[Any], Any]:
    if message.postEvaluationTransform not in links:
        raise BadModelError(f"the linear model has the link number {message.postEvaluationTransform}, not a known one")
    return links[message.postEvaluationTransform]
