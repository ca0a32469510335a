"""A model of any type that this runtime executes: an ML Program, or a pipeline of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pytest_coreml.reference.errors import BadModelError, ReferenceRuntimeError, UnsupportedModelError
from pytest_coreml.reference.execution.model_types import LOADERS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pytest_coreml.reference.execution.prediction import Model, Prediction
    from pytest_coreml.reference.execution.state import StateTensors
    from pytest_coreml.reference.format.package import Package
    from pytest_coreml.reference.lowering.ports import StatePort
    from pytest_coreml.reference.options import RuntimeOptions


def load_model(package: Package, spec: Any, function: str, options: RuntimeOptions) -> Model:
    """Load a `Model` message; `UnsupportedModelError` naming the type, the operation or the feature in the way.

    An empty `function` stands for the default one.
    """
    kind = spec.WhichOneof("Type")
    if kind in LOADERS:
        return LOADERS[kind](package, spec, function, options)
    parts = pipeline_parts(spec)
    if parts is None:
        raise UnsupportedModelError(
            f"{package.path}: the reference runtime cannot execute models of type {kind}, only mlProgram and pipelines "
            "of them; convert the model with convert_to='mlprogram'"
        )
    if function:
        raise BadModelError(f"{package.path}: has no function {function!r}: a pipeline has no functions")
    return PipelineModel(package, spec, parts, options)


def pipeline_parts(spec: Any) -> list[Any] | None:
    """Give the models of a pipeline of any kind in their order, or None when `spec` is no pipeline."""
    kind = spec.WhichOneof("Type")
    if kind == "pipeline":
        return list(spec.pipeline.models)
    if kind in ("pipelineClassifier", "pipelineRegressor"):
        return list(getattr(spec, kind).pipeline.models)
    return None


class PipelineModel:
    """Models one after the other; each takes features of the pipeline and of those before it, by name."""

    def __init__(self, package: Package, spec: Any, parts: list[Any], options: RuntimeOptions) -> None:
        """Load all models."""
        self._outputs = [feature.name for feature in spec.description.output]
        self._parts = [_part(package, part, index, len(parts), options) for index, part in enumerate(parts)]

    @property
    def states(self) -> tuple[StatePort, ...]:
        """Give the states of all models."""
        return tuple(port for part in self._parts for port in part.states)

    def predict(self, data: Mapping[str, Any], state: StateTensors | None) -> Prediction:
        """Predict once with each model."""
        features, total = dict(data), 0
        for part in self._parts:
            outputs, elapsed = part.predict(features, state)
            features.update(outputs)
            total += elapsed
        missing = [name for name in self._outputs if name not in features]
        if missing:
            raise BadModelError(f"no model of the pipeline makes its output {', '.join(missing)}")
        return {name: features[name] for name in self._outputs}, total


def _part(package: Package, spec: Any, index: int, count: int, options: RuntimeOptions) -> Model:
    try:
        return load_model(package, spec, "", options)
    except ReferenceRuntimeError as error:
        raise type(error)(f"model {index + 1} of the {count} in the pipeline: {error}") from error
