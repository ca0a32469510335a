"""A function of an ML Program, ready to run."""

from __future__ import annotations

import contextlib
import gc
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pytest_coreml.reference.execution.ort_session import make_session, run
from pytest_coreml.reference.lowering.function import lower_function
from pytest_coreml.reference.lowering.ops import handlers

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from numpy.typing import NDArray

    from pytest_coreml.reference.format.package import Package
    from pytest_coreml.reference.format.program import Function
    from pytest_coreml.reference.lowering.ports import LoweredFunction
    from pytest_coreml.reference.options import RuntimeOptions


@dataclass(frozen=True, eq=False)
class Executable:
    """A session, and the function that it executes."""

    function: Function
    lowered: LoweredFunction
    session: Any

    def run(
        self,
        inputs: Mapping[str, NDArray[Any]],
        states: dict[str, NDArray[Any]] | None = None,
        backings: Mapping[str, NDArray[Any]] | None = None,
    ) -> dict[str, NDArray[Any]]:
        """Execute once; inputs and outputs have the names of the program, and half precision where it declares that.

        *states* is updated: a state that can be written in place in its array, which is undefined after a failed run,
        another one with a new array. *backings*: arrays in whose memory outputs are computed, by name. Both outputs of
        a classifier are the probabilities; the caller makes the label and the dictionary.
        """
        lowered = self.lowered
        states = {} if states is None else states
        feeds = {port.value: inputs[port.name] for port in lowered.inputs}
        feeds.update({port.value: states[port.name] for port in lowered.states})
        written = {port.name: port.written for port in lowered.states if port.written and not port.versions}
        shared = {version: states[port.name] for port in lowered.states for version in port.versions}
        backings = {} if backings is None else backings
        into = {port.value: backings[port.name] for port in lowered.outputs if port.name in backings}
        outputs = [*(port.value for port in lowered.outputs), *written.values()]
        results = run(self.session, outputs, feeds, shared, into)
        states.update(zip(written, results[len(lowered.outputs) :], strict=True))
        return {port.name: result for port, result in zip(lowered.outputs, results, strict=False)}


def load(package: Package, program: Any, function_name: str, options: RuntimeOptions) -> Executable:
    """Read, lower and load a function of a `MILSpec.Program`.

    Raise the errors of `read_function` and `lower_function`.
    """
    function, lowered = lower(package, program, function_name, options)
    return Executable(function, lowered, make_session(lowered, options))


def lower(
    package: Package, program: Any, function_name: str, options: RuntimeOptions
) -> tuple[Function, LoweredFunction]:
    """Read and lower a function, without making a session."""
    with nothing_collected():
        function = package.function(program, function_name)
        return function, lower_function(function, handlers(), options.precision)


@contextlib.contextmanager
def nothing_collected() -> Iterator[None]:
    """Disable garbage collection.

    Objects made while a program is read and lowered live until the end; the collector would traverse all of them
    repeatedly, and an operation of a large program would take 1.5 times as long as one of a small program.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()
