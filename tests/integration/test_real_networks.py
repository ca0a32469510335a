"""Real networks and trees from elsewhere, run by the reference runtime, against numbers that are computed in numpy."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import reference_runtime  # noqa: F401 - skips where there is none
from foreign_files import MODELS, needs
from numpy_network import forward
from PIL import Image

from pytest_coreml.reference.execution.loaded_model import load_model
from pytest_coreml.reference.format.package import open_package
from pytest_coreml.reference.format.proto import read_spec
from pytest_coreml.reference.options import RuntimeOptions

if TYPE_CHECKING:
    from pathlib import Path

POSE = MODELS / "pose-hourglass" / "model_hourglass.mlmodel"
DENOISER = MODELS / "waifu2x-denoise" / "anime_noise0_model.mlmodel"
TREE = MODELS / "names-gender" / "NamesDT.mlmodel"

pytestmark = [pytest.mark.slow, needs(POSE, DENOISER, TREE)]


def load(path: Path) -> tuple[Any, Any]:
    """Return a model and its specification."""
    package = open_package(path)
    spec = read_spec(package)
    return load_model(package, spec, "", RuntimeOptions()), spec


def difference(result: Any, expected: Any) -> float:
    """Return the norm of the difference over the norm of what was expected."""
    return float(np.linalg.norm(np.reshape(result, expected.shape) - expected) / np.linalg.norm(expected))


def test_a_pose_network_follows_its_layers() -> None:
    """844 layers from an image of bytes to fourteen maps: convolutions of groups, ReLU6 of four layers, upsampling."""
    model, spec = load(POSE)
    pixels = np.random.default_rng(0).integers(0, 256, (192, 192, 3), dtype=np.uint8)

    results, _ = model.predict({"image__0": Image.fromarray(pixels)}, None)

    image = pixels.astype(np.float64).transpose(2, 0, 1)[None]
    expected = forward(spec.neuralNetwork, {"image__0": image})["hourglass_out_3__0"]
    assert difference(results["hourglass_out_3__0"], expected) < 1e-4


def test_a_denoiser_follows_its_layers() -> None:
    """Seven convolutions over a patch, whose output declares no shape."""
    model, spec = load(DENOISER)
    patch = np.random.default_rng(0).random((3, 142, 142))

    results, _ = model.predict({"input": patch}, None)

    # Seven windows of three shrink an image by fourteen; numpy takes long for the whole of it.
    corner = forward(spec.neuralNetwork, {"input": patch[None, :, :46, :46]})["conv7"]
    assert np.squeeze(results["conv7"]).shape == (3, 128, 128)
    assert difference(np.squeeze(results["conv7"])[:, :32, :32], corner) < 2e-6


def test_a_pipeline_of_a_tree_follows_its_nodes() -> None:
    """Features of names to a label, through 19,023 nodes."""
    model, spec = load(TREE)
    features, tree = spec.pipelineClassifier.pipeline.models
    nodes = {node.nodeId: node for node in tree.treeEnsembleClassifier.treeEnsemble.nodes}
    words = list(features.pipeline.models[0].dictVectorizer.stringToIndex.vector)
    for seed in range(100):
        random = np.random.default_rng(seed)
        known = [words[index] for index in random.choice(len(words), random.integers(0, 6), replace=False)]

        results, _ = model.predict({"input": dict.fromkeys(known, 1.0)}, None)

        male = leaf_value(nodes, {words.index(word) for word in known})
        assert results["classProbability"] == {"F": 1 - male, "M": male}
        assert results["classLabel"] == ("M" if male > 0.5 else "F")


def leaf_value(nodes: dict[int, Any], present: set[int]) -> float:
    """Return the value of the leaf that features lead to, of which some are one and all others zero."""
    node = nodes[0]
    while node.nodeBehavior != node.LeafNode:
        assert node.nodeBehavior == node.BranchOnValueLessThanEqual
        is_small = float(node.branchFeatureIndex in present) <= node.branchFeatureValue
        node = nodes[node.trueChildNodeId if is_small else node.falseChildNodeId]
    return float(node.evaluationInfo[0].evaluationValue)
