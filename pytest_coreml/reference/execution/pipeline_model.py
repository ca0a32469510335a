"""A pipeline: models that run one after the other."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pytest_coreml.reference.errors import BadModelError, ReferenceRuntimeError, UnsupportedModelError
from pytest_coreml.reference.format.pipeline import pipeline_message

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pytest_coreml.reference.execution.prediction import Loader, Model, Prediction
    from pytest_coreml.reference.execution.state import StateTensors
    from pytest_coreml.reference.format.package import Package
    from pytest_coreml.reference.lowering.ports import StatePort
    from pytest_coreml.reference.options import RuntimeOptions


class PipelineModel:
    """Models that run in order, each with features of the pipeline and of the models before it as inputs."""

    def __init__(self, package: Package, spec: Any, load: Loader, options: RuntimeOptions) -> None:
        """Load all models; raise `UnsupportedModelError`, naming all that are refused, and those that can run."""
        self._outputs = [feature.name for feature in spec.description.output]
        self._parts = _load_parts(package, spec, load, options)

    @property
    def states(self) -> tuple[StatePort, ...]:
        """The states of all models."""
        return tuple(port for part in self._parts for port in part.states)

    def predict(self, data: Mapping[str, Any], state: StateTensors | None) -> Prediction:
        """Predict once with each model; a feature replaces an earlier one with the same name."""
        features, total = dict(data), 0
        for part in self._parts:
            outputs, elapsed = part.predict(features, state)
            features.update(outputs)
            total += elapsed
        missing = [name for name in self._outputs if name not in features]
        if missing:
            raise BadModelError(f"no model of the pipeline computes its output {', '.join(missing)}")
        return {name: features[name] for name in self._outputs}, total


def _load_parts(package: Package, spec: Any, load: Loader, options: RuntimeOptions) -> list[Model]:
    pipeline = pipeline_message(spec)
    loaded: dict[int, Model] = {}
    refusals = []
    for index, part in enumerate(pipeline.models):
        name = f", {pipeline.names[index]!r}" if index < len(pipeline.names) else ""
        where = f"model {index + 1} of the {len(pipeline.models)} in the pipeline{name}"
        try:
            loaded[index] = load(package, part, "", options)
        except UnsupportedModelError as error:
            refusals.append(f"{where}: {error}")
        except ReferenceRuntimeError as error:
            raise type(error)(f"{where}: {error}") from error
    if refusals:
        raise UnsupportedModelError("\n".join([*refusals, *_offers(spec, pipeline.models, loaded)]))
    return list(loaded.values())


def _offers(spec: Any, parts: Sequence[Any], loaded: Mapping[int, Model]) -> list[str]:
    """Return a line for each model that can be loaded separately."""
    kind = spec.WhichOneof("Type")
    field = "pipeline" if kind == "pipeline" else f"{kind}.pipeline"
    return [
        f"model {index + 1} ({parts[index].WhichOneof('Type')}) runs here, and can be tested separately: "
        f"coremltools.models.MLModel(spec.{field}.models[{index}]) loads it"
        for index in loaded
    ]
