"""Several compute units: one test for each, compared in the summary."""

import models
import pytest


@pytest.mark.coreml_model(models.perceptron)
@pytest.mark.coreml_compute_units("cpuOnly", "cpuAndNeuralEngine", "all")
@pytest.mark.coreml_budget(predict_ms=25)
def test_on_each_setting(coreml_model):
    outputs = coreml_model.predict(coreml_model.example_inputs())

    assert outputs["probabilities"].shape == (1, 10)
