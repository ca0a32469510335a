"""Measure tree ensembles on the reference runtime: loading them, and the CPU time of a prediction.

Run manually: `python benchmarks/trees.py [--calls 500]`; it needs scikit-learn. Regressors of 20,000 nodes: one deep
tree, and forests of shallow ones. Promised: a prediction takes less than 1 ms.
"""

from __future__ import annotations

import argparse
import statistics
import time
from typing import Any

import numpy as np
from coremltools.proto import FeatureTypes_pb2, Model_pb2
from sklearn.ensemble import RandomForestRegressor

from pytest_coreml.reference.execution.loaded_model import load_model
from pytest_coreml.reference.format.package import MemoryPackage
from pytest_coreml.reference.options import RuntimeOptions

FEATURES = 30
LEAF = 6


def main() -> None:
    """Print a row for each ensemble."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--calls", type=int, default=500)
    calls = parser.parse_args().calls
    print("trees  nodes   load ms  predict us  error")
    for trees, leaves in ((1, 10_000), (20, 500), (300, 33)):
        forest, data = train(trees, leaves)
        spec = specification(forest)
        start = time.process_time()
        model = load_model(MemoryPackage(b"", {}), spec, "", RuntimeOptions())
        load_ms = (time.process_time() - start) * 1e3
        error = max(
            abs(model.predict({"x": row}, None)[0]["y"] - expected)
            for row, expected in zip(data[:50], forest.predict(data[:50]), strict=True)
        )
        nodes = len(spec.treeEnsembleRegressor.treeEnsemble.nodes)
        print(f"{trees:5}  {nodes:5}  {load_ms:8.0f}  {predict_us(model, data[0], calls):10.1f}  {error:.1e}")


def train(trees: int, leaves: int) -> tuple[Any, Any]:
    """Return a forest, and data in single precision, in which scikit-learn compares."""
    generator = np.random.default_rng(0)
    data = generator.standard_normal((20_000, FEATURES)).astype(np.float32).astype(np.float64)
    target = data @ generator.standard_normal(FEATURES) + generator.standard_normal(len(data))
    forest = RandomForestRegressor(trees, max_leaf_nodes=leaves, max_features=3, bootstrap=False, random_state=0)
    return forest.fit(data, target), data


def specification(forest: Any) -> Any:
    """Return the forest as a Core ML model."""
    spec = Model_pb2.Model(specificationVersion=1)
    array = spec.description.input.add(name="x").type.multiArrayType
    array.dataType = FeatureTypes_pb2.ArrayFeatureType.DOUBLE
    array.shape.append(FEATURES)
    spec.description.output.add(name="y").type.doubleType.SetInParent()
    ensemble = spec.treeEnsembleRegressor.treeEnsemble
    ensemble.numPredictionDimensions = 1
    ensemble.basePredictionValue.append(0.0)
    for number, estimator in enumerate(forest.estimators_):
        tree = estimator.tree_
        for node in range(tree.node_count):
            added = ensemble.nodes.add(treeId=number, nodeId=node)
            if tree.children_left[node] < 0:
                added.nodeBehavior = LEAF
                added.evaluationInfo.add(evaluationValue=tree.value[node][0, 0] / len(forest.estimators_))
                continue
            added.branchFeatureIndex, added.branchFeatureValue = tree.feature[node], tree.threshold[node]
            added.trueChildNodeId, added.falseChildNodeId = tree.children_left[node], tree.children_right[node]
    return spec


def predict_us(model: Any, row: Any, calls: int) -> float:
    """Return the median CPU time of a prediction, conversions included."""
    times = []
    for _ in range(calls):
        start = time.process_time_ns()
        model.predict({"x": row}, None)
        times.append(time.process_time_ns() - start)
    return statistics.median(times) / 1e3


if __name__ == "__main__":
    main()
