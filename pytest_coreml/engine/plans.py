"""The compute plans of a run, read in a separate engine.

Reading a plan can crash its process (https://github.com/apple/coremltools/issues/2757). Plans are read for reports too,
when no test asks for them, and such a crash must not take a loaded model with it.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from pytest_coreml.engine.protocol import ReadPlan
from pytest_coreml.errors import EngineDiedError, EngineError, first_line, hidden_for_ours
from pytest_coreml.facts.placement import Placement

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_coreml.engine.client import Engine
    from pytest_coreml.engine.lease import EngineKey, Lease
    from pytest_coreml.facts.model_spec import ModelSpec
    from pytest_coreml.facts.placement import Operation

_REFERENCE = "the reference runtime has no compute plan"
# The kinds of models that a structure has operations or layers of (coremltools.models.compute_plan.MLModelStructure).
_NETWORK = "neuralNetwork"
_STRUCTURED = ("mlProgram", _NETWORK, "pipeline")

__tracebackhide__ = hidden_for_ours


class Plans:
    """The reader of plans, each read once. *make*: returns a new engine."""

    def __init__(self, make: Callable[[], Engine]) -> None:
        self._make = make
        self._engine: Engine | None = None
        self._read: dict[EngineKey, Placement | EngineError] = {}

    def placement(self, lease: Lease) -> Placement:
        """Return the planned placement of *lease*; unknown, with the reason, where there is no plan.

        Raises `EngineError` when reading the plan crashed its engine or took too long. A plan is not read twice: later
        calls raise the same error.
        """
        if lease.key not in self._read:
            self._read[lease.key] = self._placement(lease)
        found = self._read[lease.key]
        if isinstance(found, EngineError):
            raise found
        return found

    def placement_or_reason(self, lease: Lease) -> Placement:
        """Return the same for a plan that no test needs: an error becomes the reason of an unknown placement."""
        try:
            return self.placement(lease)
        except EngineError as error:
            return Placement((), f"its compute plan could not be read: {first_line(error)}")

    def close(self) -> None:
        """Close the engine."""
        if self._engine is not None:
            self._engine.close()
        self._engine = None

    def _placement(self, lease: Lease) -> Placement | EngineError:
        function = lease.loaded.spec.default_function or "main"
        if lease.loaded.runtime == "reference":
            return Placement(_layers(lease), _REFERENCE)
        options = lease.key.options
        if lease.loaded.api == "pyobjc":
            function = options.function or function
        reason = _reason_without_plan(lease.loaded.spec, None if lease.loaded.api == "pyobjc" else options.function)
        if reason is not None:
            return Placement((), reason)
        try:
            # The compiled model exists as long as its engine is open.
            lease.resume()
            return self._ask(lease, ReadPlan(lease.loaded.compiled, lease.key.compute_units, function, options))
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


def has_layers(spec: ModelSpec) -> bool:
    """Return True for a neural network, whose layers are listed without Core ML, too."""
    return spec.type.startswith(_NETWORK)


def _layers(lease: Lease) -> tuple[Operation, ...]:
    """Return the layers of a network on the reference runtime, on no device; none for other models."""
    if not has_layers(lease.loaded.spec):
        return ()
    try:
        # No other engine is needed: nothing of Core ML can crash here.
        found = lease.ask(ReadPlan(lease.loaded.compiled, lease.key.compute_units, "main"))
    except EngineError:
        return ()
    return tuple(replace(op, preferred=None, supported=()) for op in found.ops)


def _reason_without_plan(spec: ModelSpec, function: str | None) -> str | None:
    """Return the reason why Core ML has no plan for a model of *spec*, or for this function; None if it has one."""
    if not spec.type.startswith(_STRUCTURED):
        return f"a {spec.type} has no operations that a compute plan could place"
    default = spec.default_function
    if function is not None and default is not None and function != default:
        # Neither the framework's call nor coremltools' takes a function (coremltools.models.compute_plan).
        return (
            f"Core ML plans the default function {default!r} only; to judge {function!r}, save it as a separate "
            "model with coremltools.utils.save_multifunction"
        )
    return None
