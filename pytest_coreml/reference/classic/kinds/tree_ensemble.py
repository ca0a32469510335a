"""Tree ensembles: a base value, plus what the leaves that an input reaches add to it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from pytest_coreml.reference.classic.feature_values import check_count, input_size
from pytest_coreml.reference.classic.labels import Labels, regression_output
from pytest_coreml.reference.classic.links import logistic, softmax, softmax_with_reference, two_classes
from pytest_coreml.reference.classic.model_kinds import predicts
from pytest_coreml.reference.classic.tree_nodes import read_trees
from pytest_coreml.reference.classic.tree_walk import TreeWalk
from pytest_coreml.reference.errors import BadModelError

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from pytest_coreml.reference.classic.feature_values import Values
    from pytest_coreml.reference.classic.model_kinds import Compute
    from pytest_coreml.reference.options import RuntimeOptions

    Transform = Callable[[NDArray[Any]], NDArray[Any]]

# By the numbers of TreeEnsemblePostEvaluationTransform.
_TRANSFORMS: Final[dict[int, Transform]] = {
    0: lambda sums: sums,
    1: softmax,
    2: logistic,
    3: softmax_with_reference,
}


@predicts("treeEnsembleRegressor")
def tree_regressor(message: Any, description: Any, options: RuntimeOptions) -> Compute:
    """Make a regressor; several dimensions give an array."""
    sums = _Sums(message.treeEnsemble, description, options)
    transform = _transform(message)
    output = regression_output(description)
    return lambda values: {output: transform(sums.of(values))}


@predicts("treeEnsembleClassifier")
def tree_classifier(message: Any, description: Any, options: RuntimeOptions) -> Compute:
    """Make a classifier; one dimension is the probability of the second of two labels."""
    sums = _Sums(message.treeEnsemble, description, options)
    transform = _transform(message)
    labels = Labels(message, description)
    made = transform(np.zeros(sums.dimensions)).size
    if made == 1 and len(labels) == 2:
        return lambda values: labels.results(two_classes(transform(sums.of(values))[0]))
    if made != len(labels):
        raise BadModelError(f"the tree ensemble makes {made} probabilities for {len(labels)} labels")
    return lambda values: labels.results(transform(sums.of(values)))


class _Sums:
    """The base values of an ensemble plus what the leaves add, for an input."""

    def __init__(self, message: Any, description: Any, options: RuntimeOptions) -> None:
        self.dimensions = int(message.numPredictionDimensions) or 1
        check_count(self.dimensions * max(1, len(message.nodes)), "the output of the tree ensemble")
        base = np.array(message.basePredictionValue, np.float64)
        self._base = base if base.size else np.zeros(self.dimensions)
        if self._base.size != self.dimensions:
            raise BadModelError(f"the tree ensemble has {self.dimensions} dimensions and {base.size} base values")
        trees = read_trees(message.nodes, self.dimensions)
        self._walk = TreeWalk(trees, input_size(description), options) if trees.roots.size else None
        self._added = trees.added

    def of(self, values: Values) -> NDArray[Any]:
        if self._walk is None:
            return self._base
        # The sum goes from tree to tree, as a loop over them would add.
        sums: NDArray[Any] = self._base + self._added[self._walk.leaves(values.vector())].sum(axis=0)
        return sums


def _transform(message: Any) -> Transform:
    number = message.postEvaluationTransform
    if number not in _TRANSFORMS:
        raise BadModelError(f"the tree ensemble has the unknown transform number {number}")
    return _TRANSFORMS[number]
