"""An image model: its input is a PIL image, as in coremltools; `example_inputs()` makes one too."""

import models
import pytest
from PIL import Image


@pytest.mark.coreml_model(models.photographer)
@pytest.mark.coreml_budget(predict_ms=25)
def test_photographer(coreml_model):
    orange = Image.new("RGB", (64, 64), (255, 102, 0))

    outputs = coreml_model.predict({"image": orange})
    noise = coreml_model.predict(coreml_model.example_inputs())

    assert outputs["mean"][0] == pytest.approx([1.0, 0.4, 0.0], abs=1e-2)
    assert noise["mean"][0] == pytest.approx([0.5, 0.5, 0.5], abs=0.1)
