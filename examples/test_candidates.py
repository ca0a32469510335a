"""Two candidate models: the same test for each, compared in the summary."""

import models
import pytest


@pytest.mark.coreml_model(models.narrow, models.wide)
@pytest.mark.coreml_budget(predict_ms=25, size_mb=1)
def test_candidate(coreml_model):
    outputs = coreml_model.predict(coreml_model.example_inputs())

    assert outputs["probabilities"].shape == (1, 10)
