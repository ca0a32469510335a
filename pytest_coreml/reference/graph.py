"""Build an ONNX model with the message classes of `onnx`.

`onnx.helper` is not used: it checks and copies data that is correct by construction here, and would take most of the
load time of a small model. Weights of a program are not copied: they become external data that point into its weight
file.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, NewType

import numpy as np
from onnx import AttributeProto, GraphProto, ModelProto, NodeProto, TensorProto

from pytest_coreml.reference.format.blob import BlobRef
from pytest_coreml.reference.format.dtypes import DType

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from pytest_coreml.reference.format.types import Shape
    from pytest_coreml.reference.format.values import Constant

# The name of a value in the ONNX graph. Empty for an optional input that is left out, as in ONNX.
Value = NewType("Value", str)
NOTHING: Final = Value("")

# The newest that every supported ONNX Runtime (1.23 and up) implements in full.
OPSET: Final = 20
_IR_VERSION: Final = 9
_MICROSOFT_DOMAIN: Final = "com.microsoft"

# Constants up to this size are written into the graph, already in the type in which it computes: ONNX Runtime folds
# them into the operators then (clip bounds, axes), and a Cast for each would cost more.
_INLINE_BYTES: Final = 4096


@dataclass
class GraphBuilder:
    """One model under construction: a root graph, and the sub-graph that is open, if any.

    Initializers are always added to the root, where every sub-graph sees them.
    """

    proto: ModelProto = field(default_factory=ModelProto)
    arrays: dict[str, NDArray[Any]] = field(default_factory=dict)
    _graphs: list[SubGraph] = field(default_factory=list)
    _constants: dict[int, tuple[Constant, Value]] = field(default_factory=dict)
    _literals: dict[tuple[str, tuple[int, ...], bytes], Value] = field(default_factory=dict)
    _count: int = 0

    def __post_init__(self) -> None:
        """Start the root graph."""
        self.proto.ir_version = _IR_VERSION
        self.proto.opset_import.add(version=OPSET)
        self.proto.opset_import.add(domain=_MICROSOFT_DOMAIN, version=1)
        self.proto.graph.name = "main"
        self._graphs.append(SubGraph(self, self.proto.graph))

    @property
    def root(self) -> SubGraph:
        """The outermost graph."""
        return self._graphs[0]

    @property
    def current(self) -> SubGraph:
        """The graph that new nodes are added to."""
        return self._graphs[-1]

    @contextlib.contextmanager
    def subgraph(self, name: str) -> Iterator[SubGraph]:
        """Add new nodes to a new sub-graph inside the `with` block."""
        graph = SubGraph(self, GraphProto(name=name))
        self._graphs.append(graph)
        try:
            yield graph
        finally:
            self._graphs.pop()

    def is_open(self, graph: SubGraph) -> bool:
        """Return True while nodes may go to a graph, or to a sub-graph of it, which sees its values."""
        return graph in self._graphs

    def drop_unused(self) -> None:
        """Remove the nodes of the root graph that no output needs; ONNX Runtime would execute them."""
        graph = self.proto.graph
        needed = {output.name for output in graph.output}
        for index in range(len(graph.node) - 1, -1, -1):
            node = graph.node[index]
            if needed.isdisjoint(node.output):
                del graph.node[index]
            else:
                needed.update(read_by(node))

    def fresh(self, hint: str) -> Value:
        """Return a unique name of a value."""
        self._count += 1
        return Value(f"{hint}#{self._count}")

    def constant(self, constant: Constant) -> Value:
        """Return the value of a constant of the program, in the type in which the graph computes."""
        known = self._constants.get(id(constant))
        if known is None:
            # The constant is kept beside its value, so that no other can get its id.
            known = self._constants[id(constant)] = (constant, self._make_constant(constant))
        return known[1]

    def _make_constant(self, constant: Constant) -> Value:
        dtype, data = constant.type.dtype, constant.data
        size = data.length if isinstance(data, BlobRef) else data.nbytes
        if size <= _INLINE_BYTES or dtype.bits < 8:
            return self.literal(constant.array().astype(dtype.compute.numpy, copy=False))
        value = self._external(data, dtype) if isinstance(data, BlobRef) else self._in_memory(data, dtype)
        return value if dtype.compute is dtype else self.root.cast(value, dtype.compute)

    def literal(self, array: NDArray[Any]) -> Value:
        """Write an array into the graph itself; equal arrays are written once."""
        if array.dtype == object or array.dtype.kind in "US":
            return self._string_literal(array)
        key = (array.dtype.str, array.shape, array.tobytes())
        if key not in self._literals:
            tensor = self._initializer(_ONNX_OF_NUMPY[array.dtype], array.shape)
            tensor.raw_data = key[2]
            self._literals[key] = Value(tensor.name)
        return self._literals[key]

    def _string_literal(self, array: NDArray[Any]) -> Value:
        tensor = self._initializer(TensorProto.STRING, array.shape)
        tensor.string_data.extend(str(text).encode() for text in array.reshape(-1))
        return Value(tensor.name)

    def _initializer(self, elem_type: int, shape: Sequence[int]) -> TensorProto:
        tensor: TensorProto = self.proto.graph.initializer.add(
            name=self.fresh("constant"), data_type=elem_type, dims=shape
        )
        return tensor

    def _external(self, blob: BlobRef, dtype: DType) -> Value:
        tensor = self._initializer(dtype.onnx, blob.shape)
        # The session names the root of the file system as the folder of external data
        _point(tensor, blob.file.location, blob.start, blob.length)
        return Value(tensor.name)

    def _in_memory(self, array: NDArray[Any], dtype: DType) -> Value:
        """Keep a large array outside the graph; the session passes it by name."""
        tensor = self._initializer(dtype.onnx, array.shape)
        _point(tensor, "in-memory", 0, array.nbytes)
        self.arrays[tensor.name] = array
        return Value(tensor.name)


_ONNX_OF_NUMPY: Final = {dtype.numpy: dtype.onnx for dtype in DType if dtype.bits >= 8}


def _point(tensor: TensorProto, location: str, offset: int, length: int) -> None:
    tensor.data_location = TensorProto.EXTERNAL
    for key, value in (("location", location), ("offset", str(offset)), ("length", str(length))):
        tensor.external_data.add(key=key, value=value)


def read_by(node: NodeProto) -> Iterator[str]:
    """Return the values that a node and its sub-graphs read."""
    yield from node.input
    for attribute in node.attribute:
        if attribute.type == AttributeProto.GRAPH:
            for inner in attribute.g.node:
                yield from read_by(inner)


@dataclass(eq=False)
class SubGraph:
    """The root graph, or the body of an `If` or a `Loop`."""

    builder: GraphBuilder
    proto: GraphProto
    # The values that nodes of this very graph make, among which ONNX looks for the outputs
    node_outputs: set[str] = field(default_factory=set)

    def node(
        self, op_type: str, inputs: Sequence[Value], *, outputs: int = 1, domain: str = "", hint: str = "", **attrs: Any
    ) -> tuple[Value, ...]:
        """Add a node and return its outputs; attributes that are None are omitted."""
        names = tuple([self.builder.fresh(f"{hint}/{op_type}") for _ in range(outputs)])
        node = self.proto.node.add(op_type=op_type, domain=domain, name=names[0] if names else op_type)
        node.input.extend(inputs)
        node.output.extend(names)
        for name, attr in attrs.items():
            if attr is not None:
                _set_attribute(node.attribute.add(name=name), attr)
        self.node_outputs.update(names)
        return names

    def cast(self, value: Value, dtype: DType, hint: str = "") -> Value:
        """Convert the elements of a value."""
        return self.node("Cast", [value], hint=hint, to=dtype.onnx)[0]

    def input(self, hint: str, dtype: DType, shape: Shape | None = None) -> Value:
        """Declare an input of this graph; without *shape*, it may have any shape."""
        name = self.builder.fresh(hint)
        tensor = self.proto.input.add(name=name).type.tensor_type
        tensor.elem_type = dtype.onnx
        for index, dimension in enumerate(shape if shape is not None else ()):
            if dimension is None:
                tensor.shape.dim.add(dim_param=f"{name}.{index}")
            else:
                tensor.shape.dim.add(dim_value=dimension)
        if shape == ():
            tensor.shape.SetInParent()
        return name

    def input_sequence(self, hint: str, dtype: DType) -> Value:
        """Declare an input of this graph that is a sequence of tensors, of any shapes."""
        name = self.builder.fresh(hint)
        sequence = self.proto.input.add(name=name).type.sequence_type
        sequence.elem_type.tensor_type.elem_type = dtype.onnx
        return name

    def output(self, value: Value, dtype: DType | None = None) -> Value:
        """Declare an output of this graph, and return its name in the graph; without a type, ONNX infers it."""
        # ONNX wants an output to be made by a node of the same graph, and each name once.
        if value not in self.node_outputs or any(value == output.name for output in self.proto.output):
            value = self.node("Identity", [value], hint="output")[0]
        output = self.proto.output.add(name=value)
        if dtype is not None:
            output.type.tensor_type.elem_type = dtype.onnx
        return value


def _set_attribute(proto: AttributeProto, value: Any) -> None:
    if isinstance(value, SubGraph):
        proto.type = AttributeProto.GRAPH
        proto.g.CopyFrom(value.proto)
        return
    if isinstance(value, DType):
        value = value.onnx
    if isinstance(value, str):
        proto.type, proto.s = AttributeProto.STRING, value.encode()
    elif isinstance(value, (bool, int, np.integer, np.bool_)):
        proto.type, proto.i = AttributeProto.INT, int(value)
    elif isinstance(value, (float, np.floating)):
        proto.type, proto.f = AttributeProto.FLOAT, float(value)
    elif isinstance(value, np.ndarray):
        _set_tensor(proto, value)
    else:
        _set_list(proto, list(value))


def _set_tensor(proto: AttributeProto, array: NDArray[Any]) -> None:
    proto.type = AttributeProto.TENSOR
    proto.t.data_type = _ONNX_OF_NUMPY[array.dtype]
    proto.t.dims.extend(array.shape)
    proto.t.raw_data = array.tobytes()


def _set_list(proto: AttributeProto, values: list[Any]) -> None:
    if values and isinstance(values[0], str):
        proto.type = AttributeProto.STRINGS
        proto.strings.extend(value.encode() for value in values)
    elif values and isinstance(values[0], (float, np.floating)):
        proto.type = AttributeProto.FLOATS
        proto.floats.extend(float(value) for value in values)
    else:
        proto.type = AttributeProto.INTS
        proto.ints.extend(int(value) for value in values)
