"""A model of any type that this runtime executes: an ML Program, or a pipeline of them."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Protocol

from pytest_coreml.reference.errors import (
    BadInputError,
    BadModelError,
    ExecutionError,
    ReferenceRuntimeError,
    UnsupportedModelError,
)
from pytest_coreml.reference.execution import executable
from pytest_coreml.reference.interface.features import Interface

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import TypeAlias

    from pytest_coreml.reference.execution.state import StateTensors
    from pytest_coreml.reference.format.package import Package
    from pytest_coreml.reference.lowering.ports import StatePort
    from pytest_coreml.reference.options import RuntimeOptions

# Outputs by name, and the time that the model itself took, in ns.
Prediction: TypeAlias = "tuple[dict[str, Any], int]"


class Model(Protocol):
    """What can predict."""

    @property
    def states(self) -> tuple[StatePort, ...]:
        """Give the states."""

    def predict(self, data: Mapping[str, Any], state: StateTensors | None) -> Prediction:
        """Predict once, by the conventions of Apple's binding for values."""


def load_model(package: Package, spec: Any, function: str, options: RuntimeOptions) -> Model:
    """Load a `Model` message; `UnsupportedModelError` naming the type, the operation or the feature in the way.

    An empty `function` stands for the default one.
    """
    kind = spec.WhichOneof("Type")
    if kind == "mlProgram":
        return ProgramModel(package, spec, function, options)
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


class ProgramModel:
    """A function of an ML Program."""

    def __init__(self, package: Package, spec: Any, function: str, options: RuntimeOptions) -> None:
        """Load the function, and read what the model says of its inputs and outputs."""
        description, name = function_description(spec, function)
        self._executable = executable.load(package, spec.mlProgram, name, options)
        self._interface = Interface(description, self._executable.lowered)

    @property
    def states(self) -> tuple[StatePort, ...]:
        """Give the states."""
        return self._executable.lowered.states

    def predict(self, data: Mapping[str, Any], state: StateTensors | None) -> Prediction:
        """Predict once."""
        arrays = self._interface.read(data)
        if self.states and state is None:
            raise BadInputError(f"The input feature for {self.states[0].name} must be an MLState, but it was not.")
        states = state.of(self.states) if state is not None else {}
        begin = time.perf_counter_ns()
        try:
            results = self._executable.run(arrays, states)
        except ExecutionError as error:
            # The first words are those of Core ML, by which tests on a Mac may know the error
            raise ExecutionError(f"Unable to compute the prediction using ML Program: {error}") from error
        elapsed = time.perf_counter_ns() - begin
        return self._interface.write(results), elapsed


def function_description(spec: Any, function: str) -> tuple[Any, str]:
    """Give the description and the name of a function, of the default one for an empty name."""
    description = spec.description
    if not description.functions:
        return description, function or "main"
    name = function or description.defaultFunctionName
    for found in description.functions:
        if found.name == name:
            return found, name
    names = ", ".join(found.name for found in description.functions)
    raise BadModelError(f"the model has no function {name!r}; it has {names}")


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
