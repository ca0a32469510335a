"""What a handler reads of the operation it lowers: types, shapes and constants by the names of parameters."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NoReturn

import numpy as np

from pytest_coreml.reference.errors import BadModelError, Refusal
from pytest_coreml.reference.format.types import ListType, StateType, TensorType
from pytest_coreml.reference.format.values import Constant
from pytest_coreml.reference.graph import NOTHING, Value
from pytest_coreml.reference.lowering.results import ListValue

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from pytest_coreml.reference.format.dtypes import DType
    from pytest_coreml.reference.format.program import Binding, Operation
    from pytest_coreml.reference.format.types import Shape, ValueType
    from pytest_coreml.reference.lowering.function import FunctionLowering
    from pytest_coreml.reference.lowering.results import Result
    from pytest_coreml.reference.lowering.scope import Symbol

_REQUIRED: Final[Any] = object()


class Parameters:
    """What one operation is given, and what the program says of its outputs.

    Parameters are asked for by the names that MIL gives them (`x`, `weight`, ...), wherever the file binds them:
    another operation's output, a constant, a constant written in place, or an attribute.
    """

    def __init__(self, op: Operation, lowering: FunctionLowering) -> None:
        """Look at `op`; `lowering` knows the values and the graph."""
        self.op = op
        self._lowering = lowering

    @property
    def opset(self) -> int:
        """Give the version that the operations of the function are of: 5 is that of iOS 15, 8 that of iOS 18."""
        return self._lowering.opset

    def has(self, param: str) -> bool:
        """Say whether an optional parameter is bound."""
        return bool(self.op.inputs.get(param)) or param in self.op.attributes

    def input(self, param: str) -> Value:
        """Give the graph's value for a parameter; a constant becomes an initializer."""
        return self.value(self._symbol(param).result)

    def optional(self, param: str) -> Value:
        """Give the graph's value for a parameter, or ONNX's empty name when it is not bound."""
        return self.input(param) if self.has(param) else NOTHING

    def inputs(self, param: str) -> list[Value]:
        """Give the graph's values for a parameter that takes several (`values` of `concat`)."""
        return [self.value(symbol.result) for symbol in self._symbols(param)]

    def results(self, param: str) -> list[Result | None]:
        """Give what the values of a parameter were lowered to, constants and lists as such."""
        return [symbol.result for symbol in self._symbols(param)]

    def list_value(self, param: str) -> ListValue:
        """Give the list that a parameter is bound to."""
        result = self._symbol(param).result
        if not isinstance(result, ListValue):
            raise BadModelError(f"operation {self.op.type} {self.op.name!r}: `{param}` is not a list")
        return result

    def type(self, param: str) -> TensorType:
        """Give the type of a tensor parameter, of the wrapped tensor for a state."""
        return _tensor(self._symbol(param).type, param)

    def types(self, param: str) -> list[TensorType]:
        """Give the types of a parameter that takes several values."""
        return [_tensor(symbol.type, param) for symbol in self._symbols(param)]

    def shape(self, param: str) -> Shape:
        """Give the shape of a parameter, None standing for what is unknown before the model runs."""
        return self.type(param).shape

    def rank(self, param: str) -> int:
        """Give the number of dimensions of a parameter."""
        return self.type(param).rank

    def dtype(self, param: str) -> DType:
        """Give the element type that the program declares; the graph computes in its `compute` type."""
        return self.type(param).dtype

    def output_type(self, index: int = 0) -> TensorType:
        """Give the declared type of an output."""
        return _tensor(self.op.outputs[index].type, self.op.outputs[index].name)

    def element_type(self, param: str) -> TensorType:
        """Give the type of the elements of a list parameter."""
        type_ = self._symbol(param).type
        return _tensor(type_.element if isinstance(type_, ListType) else type_, param)

    # Constants, wanted while the graph is built

    def is_const(self, param: str) -> bool:
        """Say whether the value of a parameter is known now."""
        return self.has(param) and isinstance(self._symbol(param).result, Constant)

    def const(self, param: str, default: Any = _REQUIRED) -> NDArray[Any]:
        """Give the value of a constant parameter; refuse when it is computed by the model."""
        if not self.has(param) and default is not _REQUIRED:
            return np.asarray(default)
        result = self._symbol(param).result
        if not isinstance(result, Constant):
            self.refuse(f"`{param}` is not constant")
        return result.array()

    def scalar(self, param: str, default: Any = _REQUIRED) -> Any:
        """Give the value of a constant parameter of one element as a Python number, bool or text."""
        array = self.const(param, default)
        if array.size != 1:
            self.refuse(f"`{param}` has {array.size} elements, expected one")
        return array.reshape(-1)[0].item() if array.dtype != object else str(array.reshape(-1)[0])

    def all_scalars(self, param: str) -> list[Any]:
        """Give the constants of a parameter that takes several, each of one element."""
        constants = self.results(param)
        if not all(isinstance(constant, Constant) for constant in constants):
            self.refuse(f"`{param}` is not constant")
        return [constant.array().item() for constant in constants if isinstance(constant, Constant)]

    def ints(self, param: str, default: Sequence[int] = _REQUIRED) -> list[int]:
        """Give the value of a constant parameter as a list of integers."""
        return [int(number) for number in self.const(param, default).reshape(-1)]

    def flags(self, param: str, default: Sequence[bool]) -> list[bool]:
        """Give the value of a constant parameter as a list of truth values."""
        return [bool(flag) for flag in self.const(param, default).reshape(-1)]

    def axes(self, param: str, rank: int, default: Sequence[int] = _REQUIRED) -> list[int]:
        """Give constant axes, counted from the front; refuse one that is outside `rank`."""
        axes = self.ints(param, default)
        if any(not -rank <= axis < rank for axis in axes):
            self.refuse(f"`{param}` is {axes}, outside the rank {rank}")
        return [axis % rank for axis in axes]

    def axis(self, param: str, rank: int, default: int = _REQUIRED) -> int:
        """Give one constant axis, counted from the front."""
        return self.axes(param, rank, default if default is _REQUIRED else [default])[0]

    def value(self, result: Result | None) -> Value:
        """Give the graph's value of what an operation or a block was lowered to."""
        return self._lowering.value(result)

    def refuse(self, reason: str) -> NoReturn:
        """Say that this form of the operation cannot be lowered; all refusals of a model make one error."""
        raise Refusal(reason)

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


def _tensor(type_: ValueType, what: str) -> TensorType:
    if isinstance(type_, StateType):
        return type_.wrapped
    if not isinstance(type_, TensorType):
        raise BadModelError(f"`{what}` is not a tensor")
    return type_
