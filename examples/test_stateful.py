"""A stateful model: its memory lasts from one prediction to the next, and each state is separate."""

import models
import numpy as np
import pytest

ONE = {"step": np.ones((1, 4), np.float32)}


@pytest.mark.coreml_model(models.counter)
@pytest.mark.coreml_budget(predict_ms=25)
def test_counter(coreml_model):
    state, other = coreml_model.make_state(), coreml_model.make_state()

    totals = [coreml_model.predict(ONE, state)["total"].max() for _ in range(3)]

    assert totals == [1, 2, 3]
    assert coreml_model.predict(ONE, other)["total"].max() == 1
    assert state.read_state("memory").max() == 3


@pytest.mark.coreml_model(models.counter)
def test_counter_that_begins_elsewhere(coreml_model):
    state = coreml_model.make_state()
    state.write_state("memory", np.full((1, 4), 40, np.float32))

    assert coreml_model.predict(ONE, state)["total"].max() == 41
