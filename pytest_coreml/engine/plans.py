"""The compute plans of a run, read in an engine of their own.

Reading a plan can end the process that does it (https://github.com/apple/coremltools/issues/2757), and is done for
reports too, where no test has asked for it: a model that is loaded and measured must not go with it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_coreml.engine.protocol import ReadPlan
from pytest_coreml.errors import EngineDiedError, EngineError, hidden_for_ours
from pytest_coreml.facts.placement import Placement

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_coreml.engine.client import Engine
    from pytest_coreml.engine.lease import EngineKey, Lease
    from pytest_coreml.facts.model_spec import ModelSpec

_REFERENCE = "the reference runtime stands in for Core ML and plans nothing"
# The kinds of models that a structure has operations or layers of (coremltools.models.compute_plan.MLModelStructure).
_STRUCTURED = ("mlProgram", "neuralNetwork", "pipeline")

__tracebackhide__ = hidden_for_ours


class Plans:
    """Reads plans, each once; *make* gives a new engine."""

    def __init__(self, make: Callable[[], Engine]) -> None:
        self._make = make
        self._engine: Engine | None = None
        self._read: dict[EngineKey, Placement | EngineError] = {}

    def placement(self, lease: Lease) -> Placement:
        """Give the planned placement of what *lease* holds; unknown, with the reason, where there is none.

        Raises `EngineError` when reading the plan ended the engine that did it, or took too long: once for a model and
        compute units, and with the same words for whoever asks again, since it is not tried twice.
        """
        if lease.key not in self._read:
            self._read[lease.key] = self._placement(lease)
        found = self._read[lease.key]
        if isinstance(found, EngineError):
            raise found
        return found

    def placement_or_reason(self, lease: Lease) -> Placement:
        """Give the same for somebody who did not ask for it: what goes wrong is a reason, not an error."""
        try:
            return self.placement(lease)
        except EngineError as error:
            return Placement((), f"its compute plan could not be read: {str(error).splitlines()[0]}")

    def close(self) -> None:
        """Close the engine."""
        if self._engine is not None:
            self._engine.close()
        self._engine = None

    def _placement(self, lease: Lease) -> Placement | EngineError:
        function = lease.loaded.spec.default_function or "main"
        reason = (
            _REFERENCE
            if lease.loaded.runtime == "reference"
            else _reason_without_plan(lease.loaded.spec, lease.key.options.function)
        )
        if reason is not None:
            return Placement((), reason)
        try:
            # The compiled model is there as long as its engine is open.
            lease.resume()
            return self._ask(lease, ReadPlan(lease.loaded.compiled, lease.key.compute_units, function))
        except EngineError as error:
            return error

    def _ask(self, lease: Lease, request: ReadPlan) -> Placement:
        if self._engine is None or self._engine.dead:
            self.close()
            self._engine = self._make()
        self._engine.subject = lease.subject
        try:
            return self._engine.ask(request)
        except EngineDiedError as error:
            raise EngineDiedError(f"{error}\n  (the plan is not read again in this run)") from None


def _reason_without_plan(spec: ModelSpec, function: str | None) -> str | None:
    """Give the reason why Core ML has no plan for a model of *spec*, or for this function of it."""
    if not spec.type.startswith(_STRUCTURED):
        return f"a {spec.type} has no operations that a compute plan could place"
    default = spec.default_function
    if function is not None and default is not None and function != default:
        # Neither the framework's call nor coremltools' takes a function (coremltools.models.compute_plan).
        return (
            f"Core ML plans the default function {default!r} only; to judge {function!r}, save it as a model of its "
            "own with coremltools.utils.save_multifunction"
        )
    return None
