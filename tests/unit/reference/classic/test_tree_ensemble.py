"""Tree ensembles against a walk in Python and against scikit-learn."""

from __future__ import annotations

import math
import operator
import random

import numpy as np
import pytest
from classic_models import make_classifier, make_spec, predict, predictor
from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor

from pytest_coreml.reference.errors import BadInputError, BadModelError

# By the numbers of TreeNodeBehavior
COMPARISONS = [operator.le, operator.lt, operator.ge, operator.gt, operator.eq, operator.ne]
LEAF = 6


def regressor(features=4):
    """Return a regressor of one array, without nodes."""
    spec, part = make_spec("treeEnsembleRegressor", {"x": f"array {features}"}, {"y": "double"})
    part.treeEnsemble.numPredictionDimensions = 1
    part.treeEnsemble.basePredictionValue.append(0.0)
    return spec, part.treeEnsemble


def add_leaf(ensemble, tree, node, *values):
    """Add a leaf, whose values go to the dimensions in order."""
    leaf = ensemble.nodes.add(treeId=tree, nodeId=node, nodeBehavior=LEAF)
    for index, value in enumerate(values):
        leaf.evaluationInfo.add(evaluationIndex=index, evaluationValue=value)


def add_random_tree(ensemble, tree, generator, depth):
    """Add a tree; return it as nested tuples. Identifiers are neither dense nor ordered."""
    identifiers = iter(generator.sample(range(10 * 2**depth), 2 * 2**depth))

    def build(depth):
        node = next(identifiers)
        if depth == 0 or generator.random() < 0.1:
            value = generator.random()
            add_leaf(ensemble, tree, node, value)
            return node, value
        behavior, feature, threshold = generator.randrange(LEAF), generator.randrange(4), float(generator.randrange(4))
        missing = generator.random() < 0.5
        true, false = build(depth - 1), build(depth - 1)
        ensemble.nodes.add(
            treeId=tree,
            nodeId=node,
            nodeBehavior=behavior,
            branchFeatureIndex=feature,
            branchFeatureValue=threshold,
            trueChildNodeId=true[0],
            falseChildNodeId=false[0],
            missingValueTracksTrueChild=missing,
        )
        return node, behavior, feature, threshold, missing, true, false

    return build(depth)


def walk(tree, x):
    """Return the value of the leaf that an input reaches."""
    while len(tree) > 2:
        _, behavior, feature, threshold, missing, true, false = tree
        holds = missing if math.isnan(x[feature]) else COMPARISONS[behavior](x[feature], threshold)
        tree = true if holds else false
    return tree[1]


@pytest.mark.parametrize("seed", range(8))
def test_random_trees_of_all_comparisons_and_missing_values(seed):
    """Every comparison, and NaN by the flag of the node, lead to the leaf of a plain walk."""
    generator = random.Random(seed)
    spec, ensemble = regressor()
    trees = [add_random_tree(ensemble, tree, generator, generator.randrange(6)) for tree in range(seed % 4 + 1)]
    model = predictor(spec)

    for _ in range(50):
        x = np.array([generator.choice([0.0, 1.0, 1.5, 2.0, 3.0, math.nan]) for _ in range(4)])
        assert model(x=x)["y"] == pytest.approx(sum(walk(tree, x) for tree in trees), abs=1e-13)


def copy_forest(ensemble, forest):
    """Copy the trees of a forest of scikit-learn, whose prediction is the mean of them."""
    for number, estimator in enumerate(forest.estimators_):
        tree = estimator.tree_
        for node in range(tree.node_count):
            if tree.children_left[node] < 0:
                values = tree.value[node][0]
                values = values / values.sum() if hasattr(forest, "classes_") else values
                add_leaf(ensemble, number, node, *values / len(forest.estimators_))
            else:
                ensemble.nodes.add(
                    treeId=number,
                    nodeId=node,
                    nodeBehavior=0,
                    branchFeatureIndex=tree.feature[node],
                    branchFeatureValue=tree.threshold[node],
                    trueChildNodeId=tree.children_left[node],
                    falseChildNodeId=tree.children_right[node],
                )


DATA = np.random.default_rng(0).standard_normal((80, 4)).astype(np.float32).astype(np.float64)


def test_a_regressor_predicts_as_scikit_learn():
    """A random forest of scikit-learn has the same predictions."""
    forest = RandomForestRegressor(20, random_state=0).fit(DATA, DATA @ [1, 2, -1, 0.5])
    spec, ensemble = regressor()
    copy_forest(ensemble, forest)
    model = predictor(spec)

    assert [model(x=row)["y"] for row in DATA] == pytest.approx(forest.predict(DATA), abs=1e-12)


def test_a_classifier_predicts_as_scikit_learn():
    """A forest of three classes has the same labels and probabilities."""
    forest = RandomForestClassifier(20, random_state=0).fit(DATA, np.digitize(DATA[:, 0] * DATA[:, 1], [-0.3, 0.3]))
    spec, part = make_classifier("treeEnsembleClassifier", {"x": "array 4"}, [0, 1, 2])
    part.treeEnsemble.numPredictionDimensions = 3
    part.treeEnsemble.basePredictionValue.extend([0.0] * 3)
    copy_forest(part.treeEnsemble, forest)
    model = predictor(spec)

    results = [model(x=row) for row in DATA]
    assert [result["label"] for result in results] == forest.predict(DATA).tolist()
    shares = [list(result["share"].values()) for result in results]
    np.testing.assert_allclose(shares, forest.predict_proba(DATA), atol=1e-12)


@pytest.mark.parametrize(
    ("transform", "sums", "expected"),
    [
        (0, [0.25], [0.75, 0.25]),
        (2, [math.log(3)], [0.25, 0.75]),
        (1, [0.0, math.log(3)], [0.25, 0.75]),
        (3, [math.log(3)], [0.25, 0.75]),
    ],
    ids=["none", "logistic", "softmax", "softmax with reference"],
)
def test_transforms_of_a_classifier(transform, sums, expected):
    """One dimension is the second of two classes; softmax may have a reference class in front."""
    spec, part = make_classifier("treeEnsembleClassifier", {"x": "double"}, ["no", "yes"])
    part.treeEnsemble.numPredictionDimensions = len(sums)
    part.treeEnsemble.basePredictionValue.extend([0.0] * len(sums))
    part.postEvaluationTransform = transform
    add_leaf(part.treeEnsemble, 0, 0, *sums)

    result = predict(spec, x=1.0)

    assert list(result["share"].values()) == pytest.approx(expected)
    assert result["label"] == ["no", "yes"][int(np.argmax(expected))]


def test_an_absent_optional_input_is_a_missing_value():
    """An input that was left out follows the flag of the node, as NaN does."""
    spec, part = make_spec("treeEnsembleRegressor", {"a": "double?", "b": "int64"}, {"y": "double"})
    part.treeEnsemble.numPredictionDimensions = 1
    part.treeEnsemble.nodes.add(trueChildNodeId=1, falseChildNodeId=2, missingValueTracksTrueChild=True)
    add_leaf(part.treeEnsemble, 0, 1, 5.0)
    add_leaf(part.treeEnsemble, 0, 2, 7.0)

    assert predict(spec, b=1)["y"] == 5
    assert predict(spec, a=1.0, b=1)["y"] == 7


def branch(ensemble, node, true, false):
    """Add a branch to the tree 0."""
    ensemble.nodes.add(nodeId=node, trueChildNodeId=true, falseChildNodeId=false)


@pytest.mark.parametrize(
    ("branches", "leaves", "words"),
    [
        ([(0, 1, 9)], [1], "child 9, which does not exist"),
        ([(0, 1, 2)], [1, 2, 3], "2 roots"),
        ([(0, 1, 1)], [1], "two parents"),
        ([(0, 1, 2), (5, 6, 7), (6, 5, 8)], [1, 2, 7, 8], "cannot be reached"),
        ([(0, 1, 2)], [1, 2, 2], "same id"),
    ],
)
def test_nodes_that_are_not_trees_are_named(branches, leaves, words):
    """A tree whose walk would not end is an error when the model is loaded."""
    spec, ensemble = regressor()
    for node in branches:
        branch(ensemble, *node)
    for leaf in leaves:
        add_leaf(ensemble, 0, leaf, 1.0)

    with pytest.raises(BadModelError, match=words):
        predictor(spec)


def test_inputs_of_another_length_are_refused():
    """An array without a declared shape must have as many numbers as the nodes look at."""
    spec, part = make_spec("treeEnsembleRegressor", {"x": "array"}, {"y": "double"})
    part.treeEnsemble.numPredictionDimensions = 1
    part.treeEnsemble.nodes.add(trueChildNodeId=1, falseChildNodeId=2, branchFeatureIndex=3)
    add_leaf(part.treeEnsemble, 0, 1, 1.0)
    add_leaf(part.treeEnsemble, 0, 2, 2.0)

    assert predict(spec, x=np.ones(4))["y"] == 2
    with pytest.raises(BadInputError, match="3 numbers together, expected 4"):
        predict(spec, x=np.ones(3))
