"""A model of any type that this runtime executes, or a pipeline of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from pytest_coreml.reference.errors import BadModelError, UnsupportedModelError
from pytest_coreml.reference.execution.model_types import LOADERS
from pytest_coreml.reference.execution.pipeline_model import PipelineModel
from pytest_coreml.reference.execution.program_model import ProgramModel
from pytest_coreml.reference.execution.unsupported_types import refusal
from pytest_coreml.reference.format.pipeline import pipeline_message
from pytest_coreml.reference.half_precision import to_single

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from pytest_coreml.reference.execution.prediction import Model, Prediction
    from pytest_coreml.reference.execution.state import StateTensors
    from pytest_coreml.reference.format.package import Package
    from pytest_coreml.reference.options import RuntimeOptions


def load_model(package: Package, spec: Any, function: str, options: RuntimeOptions) -> Model:
    """Load a `Model` message; raise `UnsupportedModelError`, naming an unsupported type, operation or feature.

    An empty *function* selects the default one.
    """
    kind = spec.WhichOneof("Type")
    if kind in LOADERS:
        return LOADERS[kind](package, spec, function, options)
    if pipeline_message(spec) is None:
        raise UnsupportedModelError(
            f"{package.path}: the reference runtime cannot execute models of type {kind}: {refusal(spec)}"
        )
    if function:
        raise BadModelError(f"{package.path}: has no function {function!r}: a pipeline has no functions")
    return PipelineModel(package, spec, load_model, options)


def predict_into(
    model: Model, data: Mapping[str, Any], state: StateTensors | None, backings: Mapping[str, NDArray[Any]]
) -> Prediction:
    """Predict once with arrays of the declared types, and compute outputs in the arrays *backings* where that works.

    It works for functions of ML Programs. Models of other types compute in single or double precision.
    """
    if isinstance(model, ProgramModel):
        return model.predict_into(data, state, backings)
    is_half = {name for name, value in data.items() if isinstance(value, np.ndarray) and value.dtype == np.float16}
    return model.predict({**data, **{name: to_single(data[name]) for name in is_half}}, state)
