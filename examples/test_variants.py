"""Compressed variants and their original: smaller, and with nearly the same outputs."""

import models
import numpy as np
import pytest


@pytest.mark.coreml_model(models.perceptron)
@pytest.mark.coreml_variants("int8", "sparse-50")
@pytest.mark.coreml_budget(max_size_ratio=0.8, max_time_ratio=1.5)
def test_a_variant_is_smaller_and_agrees(coreml_model, coreml_original):
    inputs = coreml_model.example_inputs()

    expected = coreml_original.predict(inputs)["probabilities"]
    actual = coreml_model.predict(inputs)["probabilities"]

    assert np.abs(actual - expected).max() < 0.1
