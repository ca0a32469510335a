"""Nearest neighbors against scikit-learn."""

from __future__ import annotations

import numpy as np
import pytest
from classic_models import make_spec, predict, predictor
from sklearn.neighbors import KNeighborsClassifier

from pytest_coreml.reference.errors import BadModelError

SAMPLES = np.random.default_rng(0).standard_normal((50, 3)).astype(np.float32)
LABELS = np.where(SAMPLES[:, 0] + SAMPLES[:, 1] > 0, "up", "down")


def classifier(samples, labels, neighbors=5):
    """Return a classifier of these samples, with equal votes."""
    spec, part = make_spec(
        "kNearestNeighborsClassifier", {"x": "array 3 float32"}, {"label": "string", "share": "dictionary string"}
    )
    spec.description.predictedFeatureName, spec.description.predictedProbabilitiesName = "label", "share"
    part.nearestNeighborsIndex.numberOfDimensions = 3
    for sample in samples:
        part.nearestNeighborsIndex.floatSamples.add().vector.extend(sample)
    part.stringClassLabels.vector.extend(labels)
    part.numberOfNeighbors.defaultValue = neighbors
    part.uniformWeighting.SetInParent()
    return spec, part


def test_it_votes_as_scikit_learn():
    """The label and the shares of five neighbors."""
    model = KNeighborsClassifier(5).fit(SAMPLES, LABELS)
    run = predictor(classifier(SAMPLES, LABELS)[0])
    queries = np.random.default_rng(1).standard_normal((40, 3)).astype(np.float32)

    for query, label, shares in zip(queries, model.predict(queries), model.predict_proba(queries), strict=True):
        result = run(x=query)
        assert result["label"] == label
        assert result["share"] == pytest.approx(dict(zip(model.classes_, shares, strict=True)))


def test_votes_by_the_inverse_distance():
    """A vote counts 1 / distance, where the distance is the squared one of the index."""
    spec, part = classifier([[1, 0, 0], [2, 0, 0], [0, 2, 0]], ["near", "far", "far"], 3)
    part.inverseDistanceWeighting.SetInParent()

    near, far = 1 / 1, 1 / 4 + 1 / 4
    result = predict(spec, x=np.zeros(3, np.float32))

    assert result["label"] == "near"
    assert result["share"] == pytest.approx({"near": near / (near + far), "far": far / (near + far)})


def test_without_samples_the_label_is_the_default():
    """An updatable classifier that has not learned anything yet."""
    spec, part = classifier([], [])
    with pytest.raises(BadModelError, match="no samples and no default label"):
        predict(spec, x=np.zeros(3, np.float32))
    part.defaultStringLabel = "unknown"
    spec.isUpdatable = True
    assert predict(spec, x=np.zeros(3, np.float32))["label"] == "unknown"
