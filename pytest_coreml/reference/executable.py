"""A function of an ML Program, ready to run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pytest_coreml.reference.lowering import handlers
from pytest_coreml.reference.lowering.function import LoweredFunction, lower_function
from pytest_coreml.reference.program import Function, read_function
from pytest_coreml.reference.session import make_session, run

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from pytest_coreml.reference.options import RuntimeOptions
    from pytest_coreml.reference.package import Package


@dataclass(frozen=True, eq=False)
class Executable:
    """A session, and the function that it executes."""

    function: Function
    lowered: LoweredFunction
    session: Any

    def run(
        self, inputs: Mapping[str, NDArray[Any]], states: dict[str, NDArray[Any]] | None = None
    ) -> dict[str, NDArray[Any]]:
        """Execute once; arrays go in and out under the names of the program, in compute types.

        `states` is changed where the program writes: a state that can be written in place in its array, which is left
        in between when the run fails, another by a new array. What a classifier makes of its probabilities is left to
        others: both of its outputs are the probabilities.
        """
        lowered = self.lowered
        states = {} if states is None else states
        feeds = {port.value: inputs[port.name] for port in lowered.inputs}
        feeds.update({port.value: states[port.name] for port in lowered.states})
        written = {port.name: port.written for port in lowered.states if port.written and not port.versions}
        shared = {version: states[port.name] for port in lowered.states for version in port.versions}
        results = run(self.session, [*(port.value for port in lowered.outputs), *written.values()], feeds, shared)
        states.update(zip(written, results[len(lowered.outputs) :], strict=True))
        return {port.name: result for port, result in zip(lowered.outputs, results, strict=False)}


def load(package: Package, program: Any, function_name: str, options: RuntimeOptions) -> Executable:
    """Read, lower and load a function of a `MILSpec.Program`; errors as `read_function` and `lower_function` raise."""
    function = read_function(program, function_name, package.blob_file)
    lowered = lower_function(function, handlers(), options.precision)
    return Executable(function, lowered, make_session(lowered, options))
