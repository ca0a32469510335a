"""What a handler sees of the operation it lowers; the guide to writing one is in `lowering/__init__.py`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from pytest_coreml.reference.errors import BadModelError
from pytest_coreml.reference.format.dtypes import DType
from pytest_coreml.reference.format.program import walk
from pytest_coreml.reference.format.values import Constant
from pytest_coreml.reference.graph import NOTHING, Value
from pytest_coreml.reference.lowering.parameters import Parameters
from pytest_coreml.reference.lowering.results import StateRef

if TYPE_CHECKING:
    from collections.abc import Sequence
    from contextlib import AbstractContextManager

    from numpy.typing import ArrayLike, NDArray

    from pytest_coreml.reference.format.program import Block, Operation
    from pytest_coreml.reference.graph import SubGraph
    from pytest_coreml.reference.lowering.known import Known
    from pytest_coreml.reference.lowering.results import Result
    from pytest_coreml.reference.lowering.scope import Symbol


class Context(Parameters):
    """One operation on its way into the graph: its parameters, and what it becomes."""

    # What the operation becomes

    def node(self, op_type: str, *inputs: Value, domain: str = "", **attrs: Any) -> Value:
        """Add an ONNX node of one output, and give it.

        Attributes may be numbers, texts, lists of these, arrays, a `DType` or a sub-graph; None leaves one out.
        Trailing inputs that are `NOTHING` are left out.
        """
        return self.nodes(op_type, *inputs, outputs=1, domain=domain, **attrs)[0]

    def nodes(self, op_type: str, *inputs: Value, outputs: int, domain: str = "", **attrs: Any) -> tuple[Value, ...]:
        """Add an ONNX node of several outputs, and give them."""
        given = list(inputs)
        while given and given[-1] == NOTHING:
            given.pop()
        graph = self._lowering.builder.current
        return graph.node(op_type, given, outputs=outputs, domain=domain, hint=self._hint, **attrs)

    def checked(self, value: Value, is_wrong: Value, complaint: str) -> Value:
        """Give `value` again, and fail with this complaint where one of the truth values `is_wrong` is true.

        The value is the first of a row of one, taken at the number of what is wrong.
        """
        count = self.node("ReduceSum", self.cast(is_wrong, DType.INT64), keepdims=False)
        row = self.node("Unsqueeze", value, self.int64([0]))
        return self._lowering.builder.current.node("Gather", [row, count], axis=0, hint=f"{self._hint}/{complaint}")[0]

    @property
    def _hint(self) -> str:
        # `failures.reason` takes this apart again
        return f"{self.op.type}:{self.op.name}"

    def literal(self, value: ArrayLike, dtype: DType) -> Value:
        """Give the value of a small constant of our own, in the compute type of `dtype`."""
        return self._lowering.builder.literal(np.asarray(value, dtype=dtype.compute.numpy))

    def int64(self, value: ArrayLike) -> Value:
        """Give the value of small constant integers as ONNX wants shapes, axes and positions."""
        return self.literal(value, DType.INT64)

    def as_int64(self, param: str) -> Value:
        """Give an integer parameter as ONNX wants shapes and positions, constant or not."""
        if self.is_const(param):
            return self.int64(self.const(param))
        return self.cast(self.input(param), DType.INT64)

    def cast(self, value: Value, dtype: DType) -> Value:
        """Convert a value to the compute type of `dtype`."""
        return self.node("Cast", value, to=dtype.compute)

    def elements(self, param: str) -> list[int | Value]:
        """Give the numbers of a vector of integers: those that are known, and int64 vectors of one element."""
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
        """What is known of values beyond their types; to be asked, and added to."""
        return self._lowering.known

    def constant(self, array: NDArray[Any], dtype: DType) -> Constant:
        """Make a constant that was computed now (`constexpr_*`); large ones never enter the graph's message."""
        return Constant.of(array, dtype)

    # Blocks and states

    def subgraph(self, name: str) -> AbstractContextManager[SubGraph]:
        """Send nodes to a new sub-graph while the `with` block runs; hand it to `node` as an attribute."""
        return self._lowering.builder.subgraph(name)

    def lower_block(self, block: Block, results: Sequence[Result | None] = ()) -> list[Result | None]:
        """Lower a block of this operation into the current graph, its inputs bound to `results`; give its outputs."""
        return self._lowering.lower_block(block, results)

    @property
    def states(self) -> dict[str, Value]:
        """The current value of each state, by its name; to replace one is to write the state."""
        return self._lowering.states

    def state(self, param: str) -> StateRef:
        """Give the state that a parameter is bound to."""
        return self._state(self._symbol(param), self.op)

    def written_states(self) -> list[StateRef]:
        """Give the states that the blocks of this operation write."""
        writes = [op for block in self.op.blocks for op in walk(block) if op.type == "write_state"]
        return list(dict.fromkeys(map(self._written, writes)))

    # Inside

    def _written(self, op: Operation) -> StateRef:
        (binding,) = op.inputs.get("input") or ("",)
        return self._state(self._lowering.symbol(binding, op), op)

    def _state(self, symbol: Symbol, op: Operation) -> StateRef:
        if not isinstance(symbol.result, StateRef):
            raise BadModelError(f"operation {op.type} {op.name!r}: `input` is not a state")
        return symbol.result
