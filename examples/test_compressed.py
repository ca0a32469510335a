"""A compressed variant against its original: smaller, and with nearly the same output."""

import models
import numpy as np


def test_compressed_is_smaller_and_agrees(coreml_load):
    original = coreml_load(models.perceptron)
    compressed = coreml_load(models.compressed)
    inputs = original.example_inputs()

    expected = original.predict(inputs)["probabilities"]
    actual = compressed.predict(inputs)["probabilities"]

    assert compressed.spec.size_bytes < 0.7 * original.spec.size_bytes
    assert np.abs(actual - expected).max() < 0.02
