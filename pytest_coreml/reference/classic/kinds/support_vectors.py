"""Support vector machines, as LIBSVM computes them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from pytest_coreml.reference.classic.chosen_field import chosen_field
from pytest_coreml.reference.classic.feature_values import input_size
from pytest_coreml.reference.classic.labels import Labels, regression_output
from pytest_coreml.reference.classic.links import logistic
from pytest_coreml.reference.classic.model_kinds import predicts
from pytest_coreml.reference.classic.pairwise import couple
from pytest_coreml.reference.errors import BadInputError, BadModelError

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from pytest_coreml.reference.classic.feature_values import Values
    from pytest_coreml.reference.classic.model_kinds import Compute
    from pytest_coreml.reference.options import RuntimeOptions

    KernelFunction = Callable[[NDArray[Any]], NDArray[Any]]

# Probabilities of pairs stay this far from 0 and 1 (LIBSVM).
_MIN_PROBABILITY: Final = 1e-7
# A vector's index says how long the vectors are: one that does not fit in memory is an error in the file.
_MAX_ELEMENTS: Final = 1 << 28


@predicts("supportVectorRegressor")
def support_vector_regressor(message: Any, description: Any, _: RuntimeOptions) -> Compute:
    """Make a regressor: the weighted sum of the kernel's values, less rho."""
    vectors = _read_vectors(message, input_size(description))
    alpha = np.array(message.coefficients.alpha)
    if alpha.size != len(vectors):
        raise BadModelError(f"there are {len(vectors)} support vectors and {alpha.size} coefficients")
    kernel = _kernel(message.kernel, vectors)
    output = regression_output(description)
    return lambda values: {output: alpha @ kernel(values.vector()) - message.rho}


@predicts("supportVectorClassifier")
def support_vector_classifier(message: Any, description: Any, _: RuntimeOptions) -> Compute:
    """Make a classifier: pairs of classes vote; with probabilities of pairs, these are coupled."""
    labels = Labels(message, description)
    vectors = _read_vectors(message, input_size(description))
    kernel = _kernel(message.kernel, vectors)
    pairs = _Pairs(message, len(labels), len(vectors))

    def compute(values: Values) -> dict[str, Any]:
        decisions = pairs.decisions(kernel(values.vector()))
        probabilities = pairs.probabilities(decisions)
        if probabilities is not None:
            return labels.results(probabilities)
        votes = pairs.votes(decisions)
        return labels.chosen(int(np.argmax(votes)), votes)

    return compute


class _Pairs:
    """Decisions between each two classes, in the order (0, 1), (0, 2), ..., (1, 2), ..."""

    def __init__(self, message: Any, classes: int, vectors: int) -> None:
        self._classes = classes
        self._first, self._second = np.triu_indices(classes, 1)
        self._rho = np.array(message.rho)
        self._a, self._b = np.array(message.probA), np.array(message.probB)
        counts = np.array(message.numberOfSupportVectorsPerClass, np.int64)
        pairs = self._first.size
        if counts.size != classes or counts.min() < 0 or counts.sum() != vectors or self._rho.size != pairs:
            raise BadModelError(f"the numbers of support vectors or of rho do not fit {classes} classes")
        if self._a.size not in (0, pairs) or self._b.size != self._a.size:
            raise BadModelError(f"the numbers of probA and probB do not fit {classes} classes")
        self._weights = _pair_weights(message.coefficients, counts, self._first, self._second)

    def decisions(self, kernel: NDArray[Any]) -> NDArray[Any]:
        """Return a number for each pair, positive for its first class."""
        decisions: NDArray[Any] = self._weights @ kernel - self._rho
        return decisions

    def votes(self, decisions: NDArray[Any]) -> NDArray[Any]:
        """Return how many pairs each class wins."""
        winners = np.where(decisions > 0, self._first, self._second)
        return np.bincount(winners, minlength=self._classes).astype(np.float64)

    def probabilities(self, decisions: NDArray[Any]) -> NDArray[Any] | None:
        """Return the probabilities of the classes, or None for a model that was trained without."""
        if not self._a.size:
            return None
        pairs = logistic(-(self._a * decisions + self._b))
        # LibSVM writes NaN as rho where a kernel is constant; its bounds turn the probability into the smallest.
        bounded = np.nan_to_num(pairs, nan=_MIN_PROBABILITY).clip(_MIN_PROBABILITY, 1 - _MIN_PROBABILITY)
        return couple(bounded, self._classes)


def _pair_weights(coefficients: Any, counts: NDArray[Any], first: NDArray[Any], second: NDArray[Any]) -> NDArray[Any]:
    """Return a row of weights of all support vectors for each pair.

    A vector of class *i* has its coefficient against class *j* in row *j*, less one where *j* comes after *i*.
    """
    rows = [np.array(row.alpha) for row in coefficients]
    total = int(counts.sum())
    if len(rows) != counts.size - 1 or any(row.size != total for row in rows):
        raise BadModelError(f"the coefficients are not {counts.size - 1} rows of {total} numbers")
    ends = np.cumsum(counts)
    starts = ends - counts
    weights = np.zeros((first.size, total))
    for pair, (one, other) in enumerate(zip(first, second, strict=True)):
        weights[pair, starts[one] : ends[one]] = rows[other - 1][starts[one] : ends[one]]
        weights[pair, starts[other] : ends[other]] = rows[one][starts[other] : ends[other]]
    return weights


def _read_vectors(message: Any, size: int | None) -> NDArray[Any]:
    field = message.WhichOneof("supportVectors")
    vectors = getattr(message, field).vectors if field else []
    if field == "denseSupportVectors":
        rows = [np.array(vector.values) for vector in vectors]
        if len({row.size for row in rows}) > 1:
            raise BadModelError("the support vectors are of different lengths")
        dense: NDArray[Any] = np.stack(rows) if rows else np.zeros((0, size or 0))
        if size is not None and dense.shape[1] != size:
            raise BadModelError(f"the support vectors have {dense.shape[1]} numbers, the model has {size} inputs")
        return dense
    largest = max((node.index for vector in vectors for node in vector.nodes), default=0)
    smallest = min((node.index for vector in vectors for node in vector.nodes), default=1)
    width = largest if size is None else size
    if smallest < 1 or largest > width or width * len(vectors) > _MAX_ELEMENTS:
        raise BadModelError(f"a support vector has the index {smallest if smallest < 1 else largest}, of {width}")
    sparse = np.zeros((len(vectors), width))
    for row, vector in enumerate(vectors):
        for node in vector.nodes:
            sparse[row, node.index - 1] = node.value
    return sparse


def _kernel(message: Any, vectors: NDArray[Any]) -> KernelFunction:
    field = chosen_field(message, "kernel", "the support vector machine has no kernel")
    kernel = getattr(message, field)

    def checked(x: NDArray[Any]) -> NDArray[Any]:
        if x.size != vectors.shape[1]:
            raise BadInputError(f"the inputs have {x.size} numbers together, expected {vectors.shape[1]}")
        return x

    if field == "linearKernel":
        return lambda x: vectors @ checked(x)
    if field == "rbfKernel":
        return lambda x: np.exp(-kernel.gamma * np.square(vectors - checked(x)).sum(axis=1))
    if field == "polyKernel":
        return lambda x: (kernel.gamma * (vectors @ checked(x)) + kernel.c) ** kernel.degree
    return lambda x: np.tanh(kernel.gamma * (vectors @ checked(x)) + kernel.c)
