"""A function of an ML Program that predicts."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from pytest_coreml.reference.errors import BadInputError, BadModelError, ExecutionError
from pytest_coreml.reference.execution import executable
from pytest_coreml.reference.interface.features import Interface

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from pytest_coreml.reference.execution.prediction import Prediction
    from pytest_coreml.reference.execution.state import StateTensors
    from pytest_coreml.reference.format.package import Package
    from pytest_coreml.reference.lowering.ports import StatePort
    from pytest_coreml.reference.options import RuntimeOptions


class ProgramModel:
    """A function of an ML Program."""

    def __init__(self, package: Package, spec: Any, function: str, options: RuntimeOptions) -> None:
        """Load the function, and read the description of its inputs and outputs."""
        description, name = function_description(spec, function)
        self._executable = executable.load(package, spec.mlProgram, name, options)
        lowered = self._executable.lowered
        self._interface = Interface(description, lowered)
        self._direct = Interface(description, lowered, with_half=True)

    @property
    def states(self) -> tuple[StatePort, ...]:
        """The states."""
        return self._executable.lowered.states

    def predict(self, data: Mapping[str, Any], state: StateTensors | None) -> Prediction:
        """Predict once."""
        results, elapsed = self._run(self._interface.read(data), state, {})
        return self._interface.write(results), elapsed

    def predict_into(
        self, data: Mapping[str, Any], state: StateTensors | None, backings: Mapping[str, NDArray[Any]]
    ) -> Prediction:
        """Predict once with arrays of the declared types, which are not converted.

        An output that is computed in its array of *backings* is that very array.
        """
        bound = {name: array for name, array in backings.items() if name in self._direct.backable}
        results, elapsed = self._run(self._direct.read(data), state, bound)
        return self._direct.write(results), elapsed

    def _run(
        self, arrays: Mapping[str, NDArray[Any]], state: StateTensors | None, backings: Mapping[str, NDArray[Any]]
    ) -> tuple[dict[str, NDArray[Any]], int]:
        if self.states and state is None:
            raise BadInputError(f"The input feature for {self.states[0].name} must be an MLState, but it was not.")
        states = state.for_ports(self.states) if state is not None else {}
        begin = time.perf_counter_ns()
        try:
            results = self._executable.run(arrays, states, backings)
        except ExecutionError as error:
            # The first words are those of Core ML, by which tests on a Mac may know the error
            raise ExecutionError(f"Unable to compute the prediction using ML Program: {error}") from error
        return results, time.perf_counter_ns() - begin


def function_description(spec: Any, function: str) -> tuple[Any, str]:
    """Return the description and the name of a function, of the default one for an empty name."""
    description = spec.description
    if not description.functions:
        return description, function or "main"
    name = function or description.defaultFunctionName
    for candidate in description.functions:
        if candidate.name == name:
            return candidate, name
    names = ", ".join(candidate.name for candidate in description.functions)
    raise BadModelError(f"the model has no function {name!r}; it has {names}")
