"""The operations of an ML Program as rules look at them: types, shapes, constants, and who reads what."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from pytest_coreml.engine.server.boundary_steps import Value, read_value

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


@dataclass(frozen=True)
class Operand:
    """One operand of an operation."""

    value: Value
    """Its type; the dtype is `unknown` where the program does not give one."""
    is_constant: bool = False
    """True for what is known before the program runs, compressed weights included."""
    numbers: tuple[int, ...] | None = None
    """The integers of a small constant; None for everything else."""


@dataclass(frozen=True)
class OperationView:
    """One operation, in whatever block it is."""

    operator: str
    """The operator without its opset prefix."""
    operands: Mapping[str, tuple[Operand, ...]]
    """The operands of each parameter."""
    outputs: tuple[Value, ...]
    """The outputs."""

    def operand(self, parameter: str) -> Operand | None:
        """Return the first operand of *parameter*; None if it is not given."""
        return next(iter(self.operands.get(parameter, ())), None)

    @cached_property
    def tensors(self) -> tuple[Value, ...]:
        """The outputs, and the operands that are not constants."""
        read = (each.value for operands in self.operands.values() for each in operands if not each.is_constant)
        return (*self.outputs, *read)


class ProgramView:
    """The operations of one function, those of nested blocks included."""

    def __init__(self, function: Any) -> None:
        self.inputs = tuple(read_value(each) for each in function.inputs)
        self.states = tuple(read_value(each) for each in function.inputs if each.type.WhichOneof("type") == "stateType")
        self._known = {value.name: Operand(value) for value in self.inputs}
        self.readers: dict[str, list[OperationView]] = defaultdict(list)
        self.makers: dict[str, OperationView] = {}
        self.operations = tuple(self._read(function.block_specializations[function.opset]))

    def _read(self, block: Any) -> Iterator[OperationView]:
        for operation in block.operations:
            operator = operation.type.rpartition(".")[2]
            outputs = tuple(map(read_value, operation.outputs))
            if operator == "const" or operator.startswith("constexpr_"):
                numbers = _integers(operation.attributes["val"]) if operator == "const" else None
                self._known.update({output.name: Operand(output, True, numbers) for output in outputs})
                continue
            view = OperationView(operator, dict(self._operands(operation)), outputs)
            self._note(view)
            yield view
            for nested in operation.blocks:
                self._known.update({each.name: Operand(read_value(each)) for each in nested.inputs})
                yield from self._read(nested)

    def _note(self, view: OperationView) -> None:
        for output in view.outputs:
            self._known[output.name] = Operand(output)
            self.makers[output.name] = view
        for operands in view.operands.values():
            for operand in operands:
                self.readers[operand.value.name].append(view)

    def _operands(self, operation: Any) -> Iterator[tuple[str, tuple[Operand, ...]]]:
        for parameter, argument in operation.inputs.items():
            yield parameter, tuple(map(self._operand, argument.arguments))

    def _operand(self, binding: Any) -> Operand:
        if binding.WhichOneof("binding") == "value":
            return Operand(Value("", "unknown", ()), True, _integers(binding.value))
        return self._known.get(binding.name, Operand(Value(binding.name, "unknown", ())))


def _integers(value: Any) -> tuple[int, ...] | None:
    """Return the numbers of a constant that is written into the program as int32; None for any other one."""
    tensor = value.immediateValue.tensor
    return tuple(tensor.ints.values) if tensor.WhichOneof("value") == "ints" else None
