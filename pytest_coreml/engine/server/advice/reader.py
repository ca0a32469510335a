"""Apply the rules to a model: its operations, inputs, states and weights."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import TYPE_CHECKING, Any, Final

from pytest_coreml.engine.server.advice.program_view import ProgramView
from pytest_coreml.engine.server.advice.rules import RULES
from pytest_coreml.facts.advice import Advice

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pytest_coreml.engine.server.advice.program_view import OperationView
    from pytest_coreml.engine.server.advice.rules import Rule
    from pytest_coreml.facts.model_spec import Feature

_MAX_PLACES: Final = 5
_STATE_ALIGNMENT: Final = 32
_MAX_IPHONE_WEIGHTS: Final = 1_000_000_000


def read_advice(
    model: Any, inputs: Sequence[Feature], weights_bytes: int, function: str | None = None
) -> tuple[Advice, ...]:
    """Return what is known to keep an ML Program off the Neural Engine, what is refused before what is only slow.

    Empty for a model of another type: no rules are known for those. *model*: a `Model` message.
    """
    if model.WhichOneof("Type") != "mlProgram":
        return ()
    found = model.mlProgram.functions.get(function or model.description.defaultFunctionName or "main")
    if found is None or found.opset not in found.block_specializations:
        return ()
    program = ProgramView(found)
    return (*_of_states(program), *_of_operations(program), *_of_inputs(inputs), *_of_weights(weights_bytes))


def _of_operations(program: ProgramView) -> Iterator[Advice]:
    hit: dict[tuple[str, str], list[OperationView]] = defaultdict(list)
    for operation in program.operations:
        rule = next((rule for rule in RULES if rule.applies(operation, program)), None)
        if rule is not None:
            hit[rule.name, rule.cure_for(operation.operator)].append(operation)
    for rule in RULES:
        yield from (_advice(rule, cure, found) for (name, cure), found in hit.items() if name == rule.name)


def _advice(rule: Rule, cure: str, operations: Sequence[OperationView]) -> Advice:
    names = [operation.outputs[0].name for operation in operations if operation.outputs]
    return Advice(
        rule=rule.name,
        effect=rule.effect,
        operators=dict(Counter(operation.operator for operation in operations).most_common()),
        places=tuple(names[:_MAX_PLACES]),
        finding=rule.finding,
        cure=cure,
        seen_on=rule.seen_on,
        source=rule.source,
        certainty=rule.certainty,
    )


def _of_states(program: ProgramView) -> Iterator[Advice]:
    odd = [state.name for state in program.states if state.shape and (state.shape[-1] or 0) % _STATE_ALIGNMENT]
    if odd:
        yield Advice(
            rule="state-alignment",
            effect="load fails",
            operators={},
            places=tuple(odd[:_MAX_PLACES]),
            finding=f"the last axis of a state is not a multiple of {_STATE_ALIGNMENT}",
            cure="pad the state",
            seen_on="M4, macOS 15.2",
            source="coremltools issue 2631",
            certainty="medium",
        )


def _of_inputs(inputs: Sequence[Feature]) -> Iterator[Advice]:
    ranged = [feature.name for feature in inputs if any(low != high for low, high in feature.shape_range)]
    if ranged:
        yield Advice(
            rule="shape-range",
            effect="refused",
            operators={},
            places=tuple(ranged[:_MAX_PLACES]),
            finding="the input has a range of shapes",
            cure="enumerate the shapes, or convert a model for each size",
            seen_on="all devices; one such model ran on the Neural Engine of an M2, macOS 26.5",
            source="coremltools' documentation of flexible inputs",
            certainty="medium",
        )


def _of_weights(weights_bytes: int) -> Iterator[Advice]:
    if weights_bytes > _MAX_IPHONE_WEIGHTS:
        yield Advice(
            rule="large-weights",
            effect="load fails",
            operators={},
            places=(),
            finding="the weights are larger than 1 GB",
            cure="split the model by coremltools' bisect_model, or compress the weights",
            seen_on="iPhones",
            source="coremltools' documentation of bisect_model",
            certainty="high",
        )
