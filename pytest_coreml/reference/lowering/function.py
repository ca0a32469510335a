"""Lower one function of an ML Program to one ONNX model."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from pytest_coreml.reference.errors import BadModelError, Refusal
from pytest_coreml.reference.format.dtypes import DType
from pytest_coreml.reference.format.program import Operation, walk
from pytest_coreml.reference.format.types import StateType, TensorType
from pytest_coreml.reference.format.values import Constant
from pytest_coreml.reference.graph import GraphBuilder, Value
from pytest_coreml.reference.lowering.context import Context
from pytest_coreml.reference.lowering.in_place import InPlace
from pytest_coreml.reference.lowering.known import Known
from pytest_coreml.reference.lowering.ports import LabelPort, LoweredFunction, Port, StatePort
from pytest_coreml.reference.lowering.refusals import Refusals
from pytest_coreml.reference.lowering.results import ClassLabel, ClassProbabilities, ListValue, Result, StateRef
from pytest_coreml.reference.lowering.scope import Scope, Symbol

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from pytest_coreml.reference.format.program import Binding, Block, Function
    from pytest_coreml.reference.lowering.registry import Handler
    from pytest_coreml.reference.options import Precision


def lower_function(function: Function, handlers: Mapping[str, Handler], precision: Precision) -> LoweredFunction:
    """Lower a function; raise `UnsupportedModelError`, naming every operation that cannot be lowered."""
    lowering = FunctionLowering(handlers, precision, function.opset)
    inputs, states = lowering.bind_inputs(function)
    values = lowering.lower_top(function.block)
    # States first: an output that is a state gets a copy, the state itself stays where it is.
    ports = lowering.state_ports(states, values)
    outputs = tuple(
        [lowering.output(name, symbol) for name, symbol in zip(function.block.outputs, values, strict=True)]
    )
    builder = lowering.builder
    if lowering.known.seen_through:
        builder.drop_unused()
    return LoweredFunction(builder.proto.SerializeToString(), builder.arrays, inputs, outputs, ports)


def _number(opset: str) -> int:
    """Return the number of an opset, 5 (`CoreML5`, of iOS 15) for a name without one."""
    digits = opset.removeprefix("CoreML")
    return int(digits) if digits.isdecimal() else 5


_UNFORESEEN: Final = (ArithmeticError, AttributeError, LookupError, MemoryError, TypeError, ValueError)


class FunctionLowering:
    """The walk over the operations: names, the graph under construction, and refused operations."""

    def __init__(self, handlers: Mapping[str, Handler], precision: Precision, opset: str) -> None:
        """Start with an empty graph."""
        self.builder = GraphBuilder()
        # `CoreML5` for iOS 15, and so on
        self.opset = _number(opset)
        self._handlers = handlers
        self._strict = precision == "strict"
        self._scope = Scope()
        self._refusals = Refusals()
        self.known = Known()
        # The current value of each state
        self.states: dict[str, Value] = {}

    # The function's own inputs and outputs

    def bind_inputs(self, function: Function) -> tuple[tuple[Port, ...], list[tuple[str, Value, TensorType]]]:
        """Declare the inputs of the graph, states among them."""
        ports, states = [], []
        for named in function.inputs:
            type_ = named.type.wrapped if isinstance(named.type, StateType) else named.type
            if not isinstance(type_, TensorType):
                raise BadModelError(f"the input {named.name!r} of the function {function.name!r} is not a tensor")
            if isinstance(named.type, StateType):
                value = self.builder.root.input(named.name, type_.dtype.compute, type_.shape)
                states.append((named.name, value, type_))
                self.states[named.name] = value
                self._scope.bind(named.name, Symbol(named.type, StateRef(named.name, type_)))
            else:
                value = self.builder.root.input(named.name, type_.dtype.boundary, type_.shape)
                ports.append(Port(named.name, value, type_))
                self._scope.bind(named.name, Symbol(named.type, self._entered(value, type_.dtype)))
        return tuple(ports), states

    def lower_top(self, block: Block) -> list[Symbol]:
        """Lower the block of the function; raise one error for all operations that were refused."""
        for op in walk(block):
            if op.type not in self._handlers and op.type != "const":
                self._refusals.add(op, "is not implemented")
        symbols = self._lower_operations(block)
        self._refusals.check()
        return symbols

    def output(self, name: str, symbol: Symbol) -> Port | LabelPort:
        """Declare an output of the graph."""
        result, value = symbol.result, self._leaving(symbol.result)
        if isinstance(result, (ClassLabel, ClassProbabilities)):
            return LabelPort(name, self.builder.root.output(value, None), result)
        if not isinstance(symbol.type, TensorType):
            raise BadModelError(f"the output {name!r} of the model is not a tensor")
        dtype = symbol.type.dtype
        left = value if dtype.boundary is dtype.compute else self.builder.root.cast(value, dtype.boundary)
        return Port(name, self.builder.root.output(left, dtype.boundary), symbol.type)

    def state_ports(
        self, states: Sequence[tuple[str, Value, TensorType]], outputs: Sequence[Symbol]
    ) -> tuple[StatePort, ...]:
        """Declare the new values of the states that the function writes; *outputs* are its other outputs."""
        if not states:
            return ()
        kept = {*self.states.values(), *[self._leaving(symbol.result) for symbol in outputs]}
        in_place = InPlace(self.builder.proto.graph, kept)
        ports = []
        for name, value, type_ in states:
            current = self.states[name]
            versions = in_place.versions(value, current)
            leaving = versions or ((current,) if current != value else ())
            names = tuple([self.builder.root.output(version, type_.dtype.compute) for version in leaving])
            ports.append(StatePort(name, value, names[-1] if names else None, type_, names if versions else ()))
        return tuple(ports)

    def _entered(self, value: Value, dtype: DType) -> Value:
        """Return an input in the type in which the graph computes."""
        return value if dtype.boundary is dtype.compute else self.builder.root.cast(value, dtype.compute)

    def _leaving(self, result: Result | None) -> Value:
        """Return the value that an output is made from."""
        return result.probabilities if isinstance(result, (ClassLabel, ClassProbabilities)) else self.value(result)

    # Operations

    def lower_block(self, block: Block, results: Sequence[Result | None]) -> list[Result | None]:
        """Lower an inner block with its inputs bound to *results*."""
        if len(block.inputs) != len(results):
            raise BadModelError(f"a block has {len(block.inputs)} inputs, expected {len(results)}")
        with self._scope.inner():
            for named, result in zip(block.inputs, results, strict=True):
                self._scope.bind(named.name, Symbol(named.type, result))
            return [symbol.result for symbol in self._lower_operations(block)]

    def _lower_operations(self, block: Block) -> list[Symbol]:
        for op in block.operations:
            if op.type == "const":
                self._bind_const(op)
            else:
                self._bind_outputs(op, self._lower(op))
        return [self._named(name, None) for name in block.outputs]

    def _bind_const(self, op: Operation) -> None:
        if "val" not in op.attributes or len(op.outputs) != 1:
            raise BadModelError(f"the constant {op.name!r} has no value")
        constant = op.attributes["val"]
        self._scope.bind(op.outputs[0].name, Symbol(op.outputs[0].type, constant))

    def _lower(self, op: Operation) -> Sequence[Result | None]:
        nothing = [None] * len(op.outputs)
        handler = self._handlers.get(op.type)
        if handler is None or self._uses_refused(op):
            return nothing
        try:
            lowered = handler(Context(op, self))
        except Refusal as refusal:
            self._refusals.add(op, str(refusal))
            return nothing
        except _UNFORESEEN as error:
            # A corrupt program can have any count and type wrong: no handler can check all of them.
            raise BadModelError(
                f"operation {op.type} {op.name!r}: its parameters are inconsistent: {type(error).__name__}: {error}"
            ) from error
        results = lowered if isinstance(lowered, (tuple, list)) else [lowered]
        if len(results) != len(op.outputs):
            raise BadModelError(
                f"operation {op.type} {op.name!r} has {len(op.outputs)} outputs, expected {len(results)}"
            )
        return results

    def _uses_refused(self, op: Operation) -> bool:
        """Return whether an operation uses the result of a refused one; raise `BadModelError` for an unknown name."""
        names = [
            binding for bindings in op.inputs.values() for binding in bindings if not isinstance(binding, Constant)
        ]
        return None in [self._named(name, op).result for name in names]

    def _bind_outputs(self, op: Operation, results: Sequence[Result | None]) -> None:
        for output, result in zip(op.outputs, results, strict=True):
            self._scope.bind(output.name, Symbol(output.type, self._rounded(result, output.type)))

    def _rounded(self, result: Any, type_: object) -> Any:
        """Round an fp16 value to half precision if the precision is strict."""
        is_half = isinstance(type_, TensorType) and type_.dtype is DType.FP16
        if not (self._strict and is_half and isinstance(result, str)):
            return result
        return self._half(Value(result))

    def _half(self, value: Value) -> Value:
        """Round a value to half precision."""
        graph = self.builder.current
        return graph.cast(graph.cast(value, DType.FP16), DType.FP32)

    # Names and values

    def symbol(self, binding: Binding, op: Operation) -> Symbol:
        """Return the symbol that a parameter is bound to."""
        if isinstance(binding, Constant):
            return Symbol(binding.type, binding)
        return self._named(binding, op)

    def _named(self, name: str, op: Operation | None) -> Symbol:
        symbol = self._scope.find(name)
        if symbol is None:
            user = f"operation {op.type} {op.name!r}" if op is not None else "the outputs of a block"
            raise BadModelError(f"{user}: the value {name!r} is used before it is defined")
        return symbol

    def value(self, result: Result | None) -> Value:
        """Return the graph's value of a result; a constant becomes an initializer, a list its sequence."""
        if isinstance(result, Constant):
            return self.builder.constant(result)
        if isinstance(result, ListValue):
            return result.sequence
        if isinstance(result, StateRef):
            return self.states[result.name]
        if isinstance(result, (ClassLabel, ClassProbabilities)):
            raise BadModelError("the output of `classify` is used by another operation")
        # An operation that was refused: the graph is never run, any name will do
        return result if result is not None else Value("refused")
