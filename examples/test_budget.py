"""A budget: the model must be small and fast enough."""

import models
import pytest


@pytest.mark.coreml_model(models.perceptron)
@pytest.mark.coreml_budget(predict_ms=25, first_predict_ms=500, load_ms=2000, size_mb=1, memory_mb=500)
def test_perceptron_keeps_its_budget(coreml_model):
    outputs = coreml_model.predict(coreml_model.example_inputs())

    assert outputs["probabilities"].shape == (1, 10)
    assert outputs["probabilities"].sum() == pytest.approx(1, abs=1e-2)
