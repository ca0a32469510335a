"""The inputs of a prediction are kept as they were."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest
from report_examples import SPEC

from pytest_coreml.engine.lease import EngineKey
from pytest_coreml.errors import InputError
from pytest_coreml.facts.measurement import LoadTimes
from pytest_coreml.session.model import CoreMLModel


def make_model() -> CoreMLModel:
    """Return a model whose lease predicts nothing and measures nothing."""
    lease = SimpleNamespace(
        key=EngineKey("Encoder.mlpackage", "all"),
        loaded=SimpleNamespace(spec=SPEC, times=LoadTimes(), runtime="reference"),
        predict=lambda *_, **__: SimpleNamespace(outputs={}, io=None, uniform=()),
        measure=lambda *_: SimpleNamespace(uniform_outputs=()),
    )
    return CoreMLModel(cast("Any", lease), cast("Any", None), calls=10)


@pytest.mark.parametrize("use", ["predict", "measure"])
def test_an_array_that_is_filled_again_does_not_change_what_is_measured(use: str) -> None:
    """The body of a test writes the next token into the array that it predicted or measured with."""
    model, token = make_model(), np.array([[7]])

    getattr(model, use)({"token": token})
    token[0, 0] = 99

    measured = model.last.request
    kept = model.last.inputs if measured is None else measured.inputs
    assert isinstance(kept, dict)
    assert kept["token"].tolist() == [[7]]


@pytest.mark.parametrize("name", ["bfloat16", "float8_e4m3fn"])
def test_a_type_that_core_ml_lacks_is_named(name: str) -> None:
    """Arrays of `ml_dtypes`, which an engine process could not read."""
    array = np.ones((1, 4), getattr(pytest.importorskip("ml_dtypes"), name))

    for value in (array, list(array[0])):
        with pytest.raises(InputError, match=rf"^input 'x': Core ML has no type {name}; convert it: x.astype"):
            make_model().measure({"x": value})


def test_a_tensor_that_numpy_has_no_type_for_is_named() -> None:
    """As torch answers for bfloat16."""

    class Tensor:
        """A tensor of a type that only torch has."""

        dtype = "torch.bfloat16"

        def detach(self) -> Tensor:
            """Return the tensor."""
            return self

        cpu = detach

        def numpy(self) -> None:
            """Refuse as torch does."""
            raise TypeError("Got unsupported ScalarType BFloat16")

    with pytest.raises(InputError, match=r"^input 'x': Core ML has no type torch.bfloat16; convert it: x.float\(\)"):
        make_model().measure({"x": Tensor()})
