"""The classifier by nearest neighbors."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from pytest_coreml.reference.classic.chosen_field import chosen_field
from pytest_coreml.reference.classic.feature_values import check_size
from pytest_coreml.reference.classic.labels import ClassifierOutputs
from pytest_coreml.reference.classic.model_kinds import predicts
from pytest_coreml.reference.errors import BadModelError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from pytest_coreml.reference.classic.feature_values import Values
    from pytest_coreml.reference.classic.model_kinds import Compute
    from pytest_coreml.reference.options import RuntimeOptions


@predicts("kNearestNeighborsClassifier")
def nearest_neighbors(message: Any, description: Any, _: RuntimeOptions) -> Compute:
    """Make a classifier; the probabilities are the shares of the neighbors' votes.

    The kinds of index find the same neighbors. Without samples, the label is the default one.
    """
    samples, sample_labels = _read_samples(message)
    outputs = ClassifierOutputs(description)
    # In the order in which they come first
    labels = list(dict.fromkeys(sample_labels))
    classes = np.array([labels.index(label) for label in sample_labels], np.int64)
    count = _neighbors(message, len(samples))
    weigh = _by_distance if message.WhichOneof("WeightingScheme") == "inverseDistanceWeighting" else np.ones_like

    def compute(values: Values) -> dict[str, Any]:
        if not len(samples):
            return _default(message, outputs)
        distances = np.square(samples - check_size(values.vector(), samples.shape[1])).sum(axis=1)
        nearest = np.argsort(distances, kind="stable")[:count]
        votes = np.bincount(classes[nearest], weigh(distances[nearest]), len(labels))
        return outputs.results(labels[int(np.argmax(votes))], labels, votes / votes.sum())

    return compute


def _read_samples(message: Any) -> tuple[NDArray[Any], list[Any]]:
    index = message.nearestNeighborsIndex
    field = message.WhichOneof("ClassLabels")
    labels = list(getattr(message, field).vector) if field else []
    rows = [np.array(sample.vector, np.float64) for sample in index.floatSamples]
    if len(labels) != len(rows):
        raise BadModelError(f"there are {len(rows)} samples and {len(labels)} labels of them")
    if any(row.size != index.numberOfDimensions for row in rows):
        raise BadModelError(f"a sample has not the {index.numberOfDimensions} dimensions of the index")
    return np.stack(rows) if rows else np.zeros((0, index.numberOfDimensions)), labels


def _neighbors(message: Any, samples: int) -> int:
    count = int(message.numberOfNeighbors.defaultValue)
    if count < 1:
        raise BadModelError(f"the classifier looks at {count} neighbors, expected one or more")
    return min(count, samples)


def _by_distance(distances: NDArray[Any]) -> NDArray[Any]:
    """Return 1 / distance, where the distance is the index's squared one; samples at distance 0 outvote the others."""
    exact = distances == 0
    if exact.any():
        return np.where(exact, 1.0, 0.0)
    weights: NDArray[Any] = 1 / distances
    return weights


def _default(message: Any, outputs: ClassifierOutputs) -> dict[str, Any]:
    field = chosen_field(message, "DefaultClassLabel", "the classifier has no samples and no default label")
    label = getattr(message, field)
    return outputs.results(label, [label], np.ones(1))
