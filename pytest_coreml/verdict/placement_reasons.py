"""Why operations of a plan are not on the Neural Engine, by what the compiler wrote about them.

The plan is made from the compiler's estimates, so that a file can be proved to belong to a plan: the devices are equal,
and the shares of the estimates are the plan's costs. A file for which this does not hold explains nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from pytest_coreml.facts.compiler_analytics import CompiledOperation, CompilerAnalytics
    from pytest_coreml.facts.placement import Operation, Placement

_NEURAL_ENGINE_BACKEND: Final = "ane"
# A plan's costs have float precision.
_SAME_COST: Final = 1e-4
# The compiler's own operations at the inputs and outputs, which no plan has.
_BOUNDARY: Final = ("tensor_buffer_to_tensor", "tensor_to_tensor_buffer")


@dataclass(frozen=True)
class PlacementReason:
    """Why one operation is not on the Neural Engine."""

    output: str
    """The name of its first output, as the plan has it."""
    operator: str
    """The operator."""
    kind: Literal["refused", "not chosen", "unknown"]
    """`refused`: the Neural Engine does not run it. `not chosen`: it could, and another device was estimated to be
    better for the whole program. `unknown`: the compiler wrote neither."""
    message: str | None = None
    """The compiler's words about a refusal."""
    saves_ms: float | None = None
    """The time that the Neural Engine was estimated to save on this operation, in ms; negative if it is slower."""
    entering_ms: float | None = None
    """The cost to start the Neural Engine and to change to it and back, in ms; None where the file does not say.
    """


def belongs_to(analytics: CompilerAnalytics, placement: Placement) -> bool:
    """Return True if the devices and the costs of a plan are those of the compiler's estimates.

    False for a plan without costs: nothing could prove it.
    """
    known = _by_output(analytics)
    total = sum(operation.estimate_ms or 0.0 for operation in analytics.operations)
    if not placement.has_cost or not total > 0:
        return False
    return all(_agree(op, known.get(op.name), total) for op in placement.placed)


def _agree(op: Operation, compiled: CompiledOperation | None, total: float) -> bool:
    if compiled is None or compiled.device != op.preferred or compiled.operator != op.operator:
        return False
    return abs((compiled.estimate_ms or 0.0) / total - (op.cost or 0.0)) <= _SAME_COST


def reasons(placement: Placement, analytics: Iterable[CompilerAnalytics]) -> tuple[PlacementReason, ...]:
    """Return why each placed operation that is not on the Neural Engine is not there, in the order of the program.

    *analytics*: candidates, of which the first that belongs to the plan counts; without one there are no reasons.
    """
    found = next((candidate for candidate in analytics if belongs_to(candidate, placement)), None)
    if found is None:
        return ()
    known = _by_output(found)
    return tuple(
        _reason(op, known[op.name], found.costs_ms) for op in placement.placed if op.preferred != "neuralEngine"
    )


def _by_output(analytics: CompilerAnalytics) -> dict[str, CompiledOperation]:
    return {
        operation.outputs[0]: operation
        for operation in analytics.operations
        if operation.outputs and operation.operator not in _BOUNDARY
    }


def _reason(op: Operation, compiled: CompiledOperation, costs_ms: Mapping[str, float]) -> PlacementReason:
    message = compiled.refusals.get(_NEURAL_ENGINE_BACKEND)
    if message is not None:
        return PlacementReason(op.name, op.operator, "refused", message)
    if _NEURAL_ENGINE_BACKEND not in compiled.supported:
        return PlacementReason(op.name, op.operator, "unknown")
    there, here = compiled.estimates_ms.get(_NEURAL_ENGINE_BACKEND), compiled.estimate_ms
    saves = here - there if here is not None and there is not None else None
    return PlacementReason(op.name, op.operator, "not chosen", None, saves, _entering(compiled.selected, costs_ms))


def _entering(backend: str | None, costs_ms: Mapping[str, float]) -> float | None:
    names = (
        f"Launch_{_NEURAL_ENGINE_BACKEND}_ms",
        f"Src_{backend}_Dest_{_NEURAL_ENGINE_BACKEND}_ms",
        f"Src_{_NEURAL_ENGINE_BACKEND}_Dest_{backend}_ms",
    )
    return sum(costs_ms[name] for name in names) if all(name in costs_ms for name in names) else None
