"""The inputs of a prediction are kept as they were."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest
from report_examples import SPEC

from pytest_coreml.engine.lease import EngineKey
from pytest_coreml.facts.measurement import LoadTimes
from pytest_coreml.session.model import CoreMLModel


def make_model() -> CoreMLModel:
    """Return a model whose lease predicts nothing and measures nothing."""
    lease = SimpleNamespace(
        key=EngineKey("Encoder.mlpackage", "all"),
        loaded=SimpleNamespace(spec=SPEC, times=LoadTimes(), runtime="reference"),
        predict=lambda *_, **__: SimpleNamespace(outputs={}, io=None),
        measure=lambda *_: None,
    )
    return CoreMLModel(cast("Any", lease), cast("Any", None), calls=10)


@pytest.mark.parametrize("use", ["predict", "measure"])
def test_an_array_that_is_filled_again_does_not_change_what_is_measured(use: str) -> None:
    """The body of a test writes the next token into the array that it predicted or measured with."""
    model, token = make_model(), np.array([[7]])

    getattr(model, use)({"token": token})
    token[0, 0] = 99

    measured = model.measured_with
    kept = model.last_inputs if measured is None else measured.inputs
    assert isinstance(kept, dict)
    assert kept["token"].tolist() == [[7]]
