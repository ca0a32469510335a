"""A recurrent model: measured with the inputs that the test predicts with."""

import models
import numpy as np
import pytest


@pytest.mark.coreml_model(models.listener)
@pytest.mark.coreml_budget(predict_ms=25)
def test_listener(coreml_model):
    silence = coreml_model.predict({"frames": np.zeros((20, 1, 8), np.float32)})
    noise = coreml_model.predict(coreml_model.example_inputs())

    assert not np.allclose(silence["last"], noise["last"])
