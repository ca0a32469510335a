"""A model of any type that this runtime executes, or a pipeline of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pytest_coreml.reference.errors import BadModelError, UnsupportedModelError
from pytest_coreml.reference.execution.model_types import LOADERS
from pytest_coreml.reference.execution.pipeline_model import PipelineModel
from pytest_coreml.reference.execution.unsupported_types import refusal
from pytest_coreml.reference.format.pipeline import pipeline_message

if TYPE_CHECKING:
    from pytest_coreml.reference.execution.prediction import Model
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
