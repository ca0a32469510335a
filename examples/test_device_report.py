"""An iPhone's results, judged on any system, from a report that Xcode's Performance tab exported."""

import models
import pytest


@pytest.mark.coreml_model(models.perceptron)
@pytest.mark.coreml_budget(predict_ms=0.5, first_load_ms=200, size_mb=1)
@pytest.mark.coreml_placement(min_share={"neuralEngine": 0.9})
@pytest.mark.coreml_device_report("perf/perceptron-*.json")
def test_on_iphone(coreml_device_reports):
    assert coreml_device_reports.judged.predict.first_ms < 5
