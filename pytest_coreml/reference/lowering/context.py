"""The context of a handler: the operation it lowers, and the graph. The guide is in `lowering/__init__.py`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NoReturn, Protocol

import numpy as np

from pytest_coreml.reference.errors import BadModelError, Refusal
from pytest_coreml.reference.format.dtypes import DType
from pytest_coreml.reference.format.program import walk
from pytest_coreml.reference.format.types import ListType, StateType, TensorType
from pytest_coreml.reference.format.values import Constant
from pytest_coreml.reference.graph import NOTHING, Value
from pytest_coreml.reference.lowering.results import ListValue, StateRef

if TYPE_CHECKING:
    from collections.abc import Sequence
    from contextlib import AbstractContextManager

    from numpy.typing import ArrayLike, NDArray

    from pytest_coreml.reference.format.program import Binding, Block, Operation
    from pytest_coreml.reference.format.types import Shape, ValueType
    from pytest_coreml.reference.graph import GraphBuilder, SubGraph
    from pytest_coreml.reference.lowering.known import Known
    from pytest_coreml.reference.lowering.results import Result
    from pytest_coreml.reference.lowering.scope import Symbol

_REQUIRED: Final[Any] = object()


class Lowering(Protocol):
    """The walk over a function, as far as a context needs it."""

    builder: GraphBuilder
    opset: int
    known: Known
    states: dict[str, Value]

    def symbol(self, binding: Binding, op: Operation) -> Symbol:
        """Return the meaning of the name or constant that a parameter of *op* is bound to."""

    def value(self, result: Result | None) -> Value:
        """Return the graph's value of a result."""

    def lower_block(self, block: Block, results: Sequence[Result | None]) -> list[Result | None]:
        """Lower an inner block with its inputs bound to *results*, and return its outputs."""


class Context:
    """The context of one operation: its parameters, and the graph that it is lowered into.

    Parameters have the names that MIL gives them (`x`, `weight`, ...), wherever the file binds them: to another
    operation's output, a constant, a constant written in place, or an attribute.
    """

    def __init__(self, op: Operation, lowering: Lowering) -> None:
        """Prepare to lower *op* in *lowering*."""
        self.op = op
        self._lowering = lowering

    # Parameters

    @property
    def opset(self) -> int:
        """The version of the function's operations: 5 for iOS 15, 8 for iOS 18."""
        return self._lowering.opset

    def has(self, param: str) -> bool:
        """Return whether an optional parameter is bound."""
        return bool(self.op.inputs.get(param)) or param in self.op.attributes

    def input(self, param: str) -> Value:
        """Return the graph's value for a parameter; a constant becomes an initializer."""
        return self.value(self._symbol(param).result)

    def optional(self, param: str) -> Value:
        """Return the graph's value for a parameter, or ONNX's empty name when it is not bound."""
        return self.input(param) if self.has(param) else NOTHING

    def inputs(self, param: str) -> list[Value]:
        """Return the graph's values for a parameter that takes several (`values` of `concat`)."""
        return [self.value(symbol.result) for symbol in self._symbols(param)]

    def results(self, param: str) -> list[Result | None]:
        """Return the results that the values of a parameter were lowered to, constants and lists included."""
        return [symbol.result for symbol in self._symbols(param)]

    def list_value(self, param: str) -> ListValue:
        """Return the list that a parameter is bound to; raise `BadModelError` for another value."""
        result = self._symbol(param).result
        if not isinstance(result, ListValue):
            raise BadModelError(f"operation {self.op.type} {self.op.name!r}: `{param}` is not a list")
        return result

    def type(self, param: str) -> TensorType:
        """Return the type of a tensor parameter, of the wrapped tensor for a state."""
        return _tensor(self._symbol(param).type, param)

    def types(self, param: str) -> list[TensorType]:
        """Return the types of a parameter that takes several values."""
        return [_tensor(symbol.type, param) for symbol in self._symbols(param)]

    def shape(self, param: str) -> Shape:
        """Return the shape of a parameter; a dimension is None if it is unknown before the model runs."""
        return self.type(param).shape

    def rank(self, param: str) -> int:
        """Return the number of dimensions of a parameter."""
        return self.type(param).rank

    def dtype(self, param: str) -> DType:
        """Return the element type that the program declares; the graph computes in its `compute` type."""
        return self.type(param).dtype

    def output_type(self, index: int = 0) -> TensorType:
        """Return the declared type of an output."""
        return _tensor(self.op.outputs[index].type, self.op.outputs[index].name)

    def element_type(self, param: str) -> TensorType:
        """Return the type of the elements of a list parameter."""
        type_ = self._symbol(param).type
        return _tensor(type_.element if isinstance(type_, ListType) else type_, param)

    # Constants, wanted while the graph is built

    def is_const(self, param: str) -> bool:
        """Return whether the value of a parameter is a constant."""
        return self.has(param) and isinstance(self._symbol(param).result, Constant)

    def const(self, param: str, default: Any = _REQUIRED) -> NDArray[Any]:
        """Return the value of a constant parameter; refuse if the model computes it."""
        if not self.has(param) and default is not _REQUIRED:
            return np.asarray(default)
        result = self._symbol(param).result
        if not isinstance(result, Constant):
            self.refuse(f"`{param}` is not constant")
        return result.array()

    def scalar(self, param: str, default: Any = _REQUIRED) -> Any:
        """Return the value of a constant parameter of one element as a Python number, bool or string."""
        array = self.const(param, default)
        if array.size != 1:
            self.refuse(f"`{param}` has {array.size} elements, expected one")
        return array.reshape(-1)[0].item() if array.dtype != object else str(array.reshape(-1)[0])

    def all_scalars(self, param: str) -> list[Any]:
        """Return the constants of a parameter that takes several, each of one element."""
        constants = self.results(param)
        if not all(isinstance(constant, Constant) for constant in constants):
            self.refuse(f"`{param}` is not constant")
        return [constant.array().item() for constant in constants if isinstance(constant, Constant)]

    def ints(self, param: str, default: Sequence[int] = _REQUIRED) -> list[int]:
        """Return the value of a constant parameter as a list of integers."""
        return [int(number) for number in self.const(param, default).reshape(-1)]

    def flags(self, param: str, default: Sequence[bool]) -> list[bool]:
        """Return the value of a constant parameter as a list of bools."""
        return [bool(flag) for flag in self.const(param, default).reshape(-1)]

    def axes(self, param: str, rank: int, default: Sequence[int] = _REQUIRED) -> list[int]:
        """Return constant axes, counted from the front; refuse one outside *rank*."""
        axes = self.ints(param, default)
        if any(not -rank <= axis < rank for axis in axes):
            self.refuse(f"`{param}` is {axes}, out of range for rank {rank}")
        return [axis % rank for axis in axes]

    def check_per_axis(self, param: str, rank: int) -> None:
        """Refuse a constant list that has not one number for each of *rank* axes, as ONNX would at run time."""
        if self.is_const(param) and len(numbers := self.ints(param)) != rank:
            self.refuse(f"`{param}` is {numbers}, expected {rank} numbers, one for each axis")

    def axis(self, param: str, rank: int, default: int = _REQUIRED) -> int:
        """Return one constant axis, counted from the front."""
        return self.axes(param, rank, default if default is _REQUIRED else [default])[0]

    def value(self, result: Result | None) -> Value:
        """Return the graph's value of the result of an operation or a block."""
        return self._lowering.value(result)

    def refuse(self, reason: str) -> NoReturn:
        """Refuse to lower this form of the operation; all refusals of a model make one error."""
        raise Refusal(reason)

    # What the operation becomes

    def node(self, op_type: str, *inputs: Value, domain: str = "", **attrs: Any) -> Value:
        """Add an ONNX node with one output, and return the output.

        Attributes may be numbers, strings, lists of these, arrays, a `DType` or a sub-graph; None omits one.
        Trailing inputs that are `NOTHING` are omitted.
        """
        return self.nodes(op_type, *inputs, outputs=1, domain=domain, **attrs)[0]

    def nodes(self, op_type: str, *inputs: Value, outputs: int, domain: str = "", **attrs: Any) -> tuple[Value, ...]:
        """Add an ONNX node with several outputs, and return them."""
        operands = list(inputs)
        while operands and operands[-1] == NOTHING:
            operands.pop()
        graph = self._lowering.builder.current
        return graph.node(op_type, operands, outputs=outputs, domain=domain, hint=self._hint, **attrs)

    def checked(self, value: Value, is_wrong: Value, complaint: str) -> Value:
        """Return *value*; fail at run time with *complaint* if any element of *is_wrong* is true.

        Implemented as a Gather from a row of one, at the number of wrong elements.
        """
        count = self.node("ReduceSum", self.cast(is_wrong, DType.INT64), keepdims=False)
        row = self.node("Unsqueeze", value, self.int64([0]))
        return self._lowering.builder.current.node("Gather", [row, count], axis=0, hint=f"{self._hint}/{complaint}")[0]

    @property
    def _hint(self) -> str:
        # `failures.reason` takes this apart again
        return f"{self.op.type}:{self.op.name}"

    def literal(self, value: ArrayLike, dtype: DType) -> Value:
        """Return the value of a small constant that the handler makes, in the compute type of *dtype*."""
        return self._lowering.builder.literal(np.asarray(value, dtype=dtype.compute.numpy))

    def int64(self, value: ArrayLike) -> Value:
        """Return the value of small constant integers as int64, which ONNX requires for shapes, axes and positions."""
        return self.literal(value, DType.INT64)

    def as_int64(self, param: str) -> Value:
        """Return an integer parameter, constant or not, as int64, which ONNX requires for shapes and positions."""
        if self.is_const(param):
            return self.int64(self.const(param))
        return self.cast(self.input(param), DType.INT64)

    def cast(self, value: Value, dtype: DType) -> Value:
        """Convert a value to the compute type of *dtype*."""
        return self.node("Cast", value, to=dtype.compute)

    def elements(self, param: str) -> list[int | Value]:
        """Return the elements of a vector of integers: a number if it is known, else an int64 vector of one element."""
        if self.is_const(param):
            return list(self.ints(param))
        value = self.input(param)
        parts = self.known.elements.get(value)
        if parts is not None:
            return [part if isinstance(part, int) else self.cast(part, DType.INT64) for part in parts]
        (size,), whole = self.shape(param), self.cast(value, DType.INT64)
        if size is None:
            self.refuse(f"`{param}` has an unknown number of elements")
        return list(self.nodes("Split", whole, self.int64([1] * size), outputs=size, axis=0))

    @property
    def known(self) -> Known:
        """The facts about values beyond their types; handlers read them and add to them."""
        return self._lowering.known

    def constant(self, array: NDArray[Any], dtype: DType) -> Constant:
        """Return a constant computed while lowering (`constexpr_*`); large ones stay outside the graph's message."""
        return Constant.of(array, dtype)

    # Blocks and states

    def subgraph(self, name: str) -> AbstractContextManager[SubGraph]:
        """Add nodes to a new sub-graph inside the `with` block; pass it to `node` as an attribute."""
        return self._lowering.builder.subgraph(name)

    def lower_block(self, block: Block, results: Sequence[Result | None] = ()) -> list[Result | None]:
        """Lower a block of this operation into the current graph, inputs bound to *results*; return its outputs."""
        return self._lowering.lower_block(block, results)

    @property
    def states(self) -> dict[str, Value]:
        """The current value of each state by name; replacing one writes the state."""
        return self._lowering.states

    def state(self, param: str) -> StateRef:
        """Return the state that a parameter is bound to."""
        return self._state(self._symbol(param), self.op)

    def written_states(self) -> list[StateRef]:
        """Return the states that blocks of this operation write."""
        writes = [op for block in self.op.blocks for op in walk(block) if op.type == "write_state"]
        return list(dict.fromkeys(map(self._written, writes)))

    # Inside

    def _symbols(self, param: str) -> list[Symbol]:
        return [self._lowering.symbol(binding, self.op) for binding in self._bindings(param)]

    def _symbol(self, param: str) -> Symbol:
        bindings = self._bindings(param)
        if len(bindings) != 1:
            raise BadModelError(
                f"operation {self.op.type} {self.op.name!r}: `{param}` has {len(bindings)} values, expected one"
            )
        return self._lowering.symbol(bindings[0], self.op)

    def _bindings(self, param: str) -> tuple[Binding, ...]:
        op = self.op
        return op.inputs.get(param) or ((op.attributes[param],) if param in op.attributes else ())

    def _written(self, op: Operation) -> StateRef:
        (binding,) = op.inputs.get("input") or ("",)
        return self._state(self._lowering.symbol(binding, op), op)

    def _state(self, symbol: Symbol, op: Operation) -> StateRef:
        if not isinstance(symbol.result, StateRef):
            raise BadModelError(f"operation {op.type} {op.name!r}: `input` is not a state")
        return symbol.result


def _tensor(type_: ValueType, what: str) -> TensorType:
    if isinstance(type_, StateType):
        return type_.wrapped
    if not isinstance(type_, TensorType):
        raise BadModelError(f"`{what}` is not a tensor")
    return type_
