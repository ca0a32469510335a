"""The operations of a program or network as far as its boundary is concerned: what flows where, by which operation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


@dataclass(frozen=True)
class Value:
    """A named value with its type; a size of None is known only when the model runs."""

    name: str
    dtype: str
    shape: tuple[int | None, ...]


@dataclass(frozen=True)
class Step:
    """An operation by its MIL name, without constants among its operands but for the variables of a loop."""

    operator: str
    operands: Mapping[str, tuple[str, ...]]
    outputs: tuple[Value, ...]
    blocks: tuple[Nested, ...] = ()
    """The condition and the body of a loop, or the two branches of a `cond`."""

    @property
    def reads(self) -> frozenset[str]:
        """The names of all values that it reads."""
        return frozenset(name for names in self.operands.values() for name in names)


@dataclass(frozen=True)
class Nested:
    """A block within an operation, whose *inputs* are the variables of a loop. It also reads what is around it."""

    inputs: tuple[str, ...]
    steps: tuple[Step, ...]
    outputs: tuple[str, ...]


@dataclass(frozen=True)
class Flow:
    """The steps between the inputs and outputs of one function or network."""

    inputs: Mapping[str, Value]
    steps: tuple[Step, ...]
    outputs: tuple[str, ...]


_LOOP: Final = "while_loop"
# Layers of networks that move data, or carry it from one call to the next, under the names of MIL.
_LAYERS: Final = {
    "squeeze": "squeeze",
    "expandDims": "expand_dims",
    "reshape": "reshape",
    "reshapeStatic": "reshape",
    "rankPreservingReshape": "reshape",
    "permute": "transpose",
    "transpose": "transpose",
    "slice": "slice_by_index",
    "sliceStatic": "slice_by_index",
    "concat": "concat",
    "concatND": "concat",
    "simpleRecurrent": "rnn",
    "gru": "gru",
    "uniDirectionalLSTM": "lstm",
}
_STATES_OF: Final = {
    "rnn": ("x", "initial_h"),
    "gru": ("x", "initial_h"),
    "lstm": ("x", "initial_h", "initial_c"),
}


def read_program(program: Any, name: str) -> Flow | None:
    """Return the flow of the function *name* of a `MILSpec.Program` message; None if it is not there."""
    function = program.functions.get(name)
    if function is None or function.opset not in function.block_specializations:
        return None
    block = function.block_specializations[function.opset]
    inputs = {each.name: read_value(each) for each in function.inputs}
    return Flow(inputs, tuple(_steps(block, set())), tuple(block.outputs))


def read_network(network: Any, outputs: tuple[str, ...]) -> Flow:
    """Return the flow of a network message, whose layers have no types."""
    return Flow({}, tuple(map(_layer, network.layers)), outputs)


def _steps(block: Any, constants: set[str]) -> Iterator[Step]:
    """Yield the operations of *block*; *constants* are those around it, to which its own are added."""
    for operation in block.operations:
        operator = operation.type.rpartition(".")[2]
        outputs = operation.outputs
        if operator == "const" or operator.startswith("constexpr_"):
            constants.update(output.name for output in outputs)
            continue
        operands = {
            parameter: tuple(
                binding.name for binding in argument.arguments if binding.name and binding.name not in constants
            )
            for parameter, argument in operation.inputs.items()
        }
        for nested in operation.blocks:
            # A branch or a loop reads what is around it, by any operation.
            operands["block"] = (*operands.get("block", ()), *(_read_in(nested) - constants))
        if operator == _LOOP:
            # Its variables go with those of its blocks by their place.
            operands["loop_vars"] = tuple(binding.name for binding in operation.inputs["loop_vars"].arguments)
        blocks = tuple(_nested(each, constants) for each in operation.blocks) if operator in (_LOOP, "cond") else ()
        yield Step(operator, operands, tuple(map(read_value, outputs)), blocks)


def _nested(block: Any, constants: set[str]) -> Nested:
    return Nested(tuple(each.name for each in block.inputs), tuple(_steps(block, constants)), tuple(block.outputs))


def _read_in(block: Any) -> set[str]:
    names = set(block.outputs)
    for operation in block.operations:
        names.update(binding.name for argument in operation.inputs.values() for binding in argument.arguments)
        for nested in operation.blocks:
            names |= _read_in(nested)
    return names - {""}


def read_value(named: Any) -> Value:
    kind = named.type.WhichOneof("type")
    tensor = named.type.stateType.wrappedType.tensorType if kind == "stateType" else named.type.tensorType
    numbers = type(tensor).DESCRIPTOR.fields_by_name["dataType"].enum_type.values_by_number
    found = numbers.get(tensor.dataType)
    shape = tuple(
        int(dimension.constant.size) if dimension.HasField("constant") else None for dimension in tensor.dimensions
    )
    return Value(named.name, found.name.lower() if found is not None else "unknown", shape)


def _layer(layer: Any) -> Step:
    kind = layer.WhichOneof("layer") or ""
    operator = _LAYERS.get(kind, kind)
    names = tuple(layer.input)
    if operator in _STATES_OF:
        operands = {parameter: (name,) for parameter, name in zip(_STATES_OF[operator], names, strict=False)}
    else:
        operands = {"values" if operator == "concat" else "x": names}
    return Step(operator, operands, tuple(Value(name, "unknown", ()) for name in layer.output))
