"""A loaded model of one of the types in `kinds/`."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import numpy as np

from pytest_coreml.reference.classic.feature_values import Values
from pytest_coreml.reference.classic.kinds import makers
from pytest_coreml.reference.errors import BadInputError, BadModelError
from pytest_coreml.reference.interface.features import ordered_outputs
from pytest_coreml.reference.interface.plain_values import PlainInput, PlainOutput

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pytest_coreml.reference.execution.prediction import Prediction
    from pytest_coreml.reference.execution.state import StateTensors
    from pytest_coreml.reference.format.package import Package
    from pytest_coreml.reference.lowering.ports import StatePort
    from pytest_coreml.reference.options import RuntimeOptions


class ClassicModel:
    """Inputs, a computation, outputs."""

    states: tuple[StatePort, ...] = ()

    def __init__(self, package: Package, spec: Any, function: str, options: RuntimeOptions) -> None:
        """Load a `Model` message; errors name the type, and what is wrong with it."""
        kind = spec.WhichOneof("Type")
        if function:
            raise BadModelError(f"{package.path}: has no function {function!r}: a {kind} has no functions")
        self._kind = kind
        self._inputs = [PlainInput(feature) for feature in spec.description.input]
        self._outputs = [PlainOutput(feature) for feature in spec.description.output]
        if not self._outputs:
            raise BadModelError(f"the {kind} declares no output")
        self._names = tuple(known.name for known in self._inputs)
        try:
            self._compute = makers()[kind](getattr(spec, kind), spec.description, options)
        except OverflowError as error:  # numbers of 64 bits without a sign
            raise BadModelError(f"the {kind} has a number that is out of range: {error}") from error

    def predict(self, data: Mapping[str, Any], state: StateTensors | None) -> Prediction:  # noqa: ARG002 - has no states
        """Predict once."""
        values = Values(self._read(data), self._names)
        begin = time.perf_counter_ns()
        with np.errstate(all="ignore"):  # NaN and infinity are results
            results = self._compute(values)
        elapsed = time.perf_counter_ns() - begin
        return ordered_outputs((output.name, self._written(output, results)) for output in self._outputs), elapsed

    def _read(self, data: Mapping[str, Any]) -> dict[str, Any]:
        values = {}
        for known in self._inputs:
            value = known.read(data[known.name]) if known.name in data else self._left_out(known, data)
            if value is not None:
                values[known.name] = value
        return values

    def _left_out(self, known: PlainInput, data: Mapping[str, Any]) -> Any:
        if known.optional:
            return known.default()
        unknown = sorted(set(data) - set(self._names))
        takes = "; ".join(f"{other.name}: {other.expected}" for other in self._inputs)
        raise BadInputError(
            f"Feature {known.name} is required but not specified. The model takes {takes}"
            + (f"; unknown: {', '.join(unknown)}" if unknown else "")
        )

    def _written(self, output: PlainOutput, results: Mapping[str, Any]) -> Any:
        if output.name not in results:
            raise BadModelError(f"the {self._kind} does not make the output {output.name!r}, which the model declares")
        return output.write(results[output.name])
