"""A scenario: an encoder, then eight steps of a stateful decoder, measured as one."""

import models
import numpy as np
import pytest

FEATURES = {"features": np.ones((1, 64), np.float32)}
STEP = {"step": np.ones((1, 4), np.float32)}


@pytest.mark.coreml_budget(scenario="transcribe", predict_ms=50, predict_p95_ms=80, min_fps=20)
def test_transcription(coreml_load, coreml_scenario):
    encoder, decoder = coreml_load(models.perceptron), coreml_load(models.counter)

    def transcribe():
        encoder.predict(FEATURES)
        state = decoder.make_state()
        for _ in range(8):
            decoder.predict(STEP, state)

    scenario = coreml_scenario(transcribe, name="transcribe", calls=30)

    assert [part.predictions for part in scenario.models] == [1, 8]
