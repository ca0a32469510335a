"""A graph under construction that knows the type of each value: a network declares no types.

The types come from ONNX's own shape inference, node by node. A node whose inputs are all known and small is computed at
once, so that arithmetic on shapes ends in numbers.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from onnx import ModelProto, NodeProto, OperatorSetIdProto, TensorProto, TypeProto, defs, shape_inference

from pytest_coreml.reference.errors import BadModelError
from pytest_coreml.reference.format.dtypes import DType
from pytest_coreml.reference.format.values import Constant
from pytest_coreml.reference.graph import NOTHING, OPSET, GraphBuilder
from pytest_coreml.reference.networks.tensors import Tensor

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike, NDArray

    from pytest_coreml.reference.format.types import Shape
    from pytest_coreml.reference.graph import Value

# Elements of all inputs of a node that is computed at once
_MAX_FOLDED: Final = 1024
_RANDOM: Final = frozenset({"Bernoulli", "Multinomial", "RandomNormal", "RandomNormalLike", "RandomUniform"})
_OPSETS: Final = [OperatorSetIdProto(version=OPSET)]
_DTYPES: Final = {dtype.onnx: dtype for dtype in reversed(DType) if dtype.bits >= 8 or dtype is DType.STRING}
# Where the shape is an input that is not known, its length is the rank of the output.
_SHAPED_BY: Final = {"Reshape": 1, "Expand": 1, "ConstantOfShape": 0}


class TypedGraph:
    """Adds nodes to the current graph of a `GraphBuilder`, and infers the types of what they give."""

    def __init__(self, builder: GraphBuilder) -> None:
        """Add to `builder`."""
        self.builder = builder

    def nodes(
        self, op_type: str, inputs: Sequence[Tensor | None], *, outputs: int = 1, hint: str = "", **attrs: Any
    ) -> list[Tensor]:
        """Add a node and return its outputs; an input that is None is left out.

        Raises `BadModelError` when ONNX says that the inputs do not fit the operator.
        """
        given = list(inputs)
        while given and given[-1] is None:
            given.pop()
        graph = self.builder.current
        names = [tensor.value if tensor is not None else NOTHING for tensor in given]
        values = graph.node(op_type, names, outputs=outputs, hint=hint, **attrs)
        node = graph.proto.node[-1]
        tensors = [tensor for tensor in given if tensor is not None]
        if _is_foldable(op_type, tensors):
            arrays = _compute(node, tensors)
            del graph.proto.node[-1]
            return [self.literal(array) for array in arrays]
        return _typed(node, values, given)

    def node(self, op_type: str, *inputs: Tensor | None, hint: str = "", **attrs: Any) -> Tensor:
        """Add a node of one output and return it."""
        return self.nodes(op_type, inputs, hint=hint, **attrs)[0]

    def literal(self, array: ArrayLike, dtype: DType | None = None) -> Tensor:
        """Return a small constant."""
        elements = np.asarray(array, None if dtype is None else dtype.numpy)
        return Tensor(self.builder.literal(elements), _dtype_of(elements), elements.shape, elements)

    def constant(self, array: NDArray[Any], dtype: DType = DType.FP32) -> Tensor:
        """Return a constant of any size; a large one stays outside the message of the model."""
        elements = np.ascontiguousarray(array, dtype.numpy).reshape(array.shape)
        value = self.builder.constant(Constant.of(elements, dtype))
        return Tensor(value, dtype, elements.shape, elements)

    def input(self, hint: str, dtype: DType, shape: Shape) -> Tensor:
        """Declare an input of the current graph."""
        return Tensor(self.builder.current.input(hint, dtype, shape), dtype, shape)


def _is_foldable(op_type: str, tensors: Sequence[Tensor]) -> bool:
    if not tensors or op_type in _RANDOM or any(tensor.known is None for tensor in tensors):
        return False
    return sum(tensor.known.size for tensor in tensors if tensor.known is not None) <= _MAX_FOLDED


def _compute(node: NodeProto, tensors: Sequence[Tensor]) -> list[NDArray[Any]]:
    """Run a model of one node."""
    from pytest_coreml.reference.onnxruntime_import import onnxruntime

    model = ModelProto(ir_version=9, opset_import=_OPSETS)
    model.graph.name = "folded"
    model.graph.node.add().CopyFrom(node)
    feeds: dict[str, NDArray[Any]] = {}
    for tensor in tensors:
        if tensor.value not in feeds and tensor.known is not None:
            model.graph.input.add(name=tensor.value).type.CopyFrom(_type_proto(tensor))
            feeds[tensor.value] = tensor.known
    for name in node.output:
        model.graph.output.add(name=name)
    settings = onnxruntime.SessionOptions()
    settings.intra_op_num_threads = 1
    settings.log_severity_level = 4
    try:
        session = onnxruntime.InferenceSession(model.SerializeToString(), settings, providers=["CPUExecutionProvider"])
        results: list[NDArray[Any]] = session.run(None, feeds)
    except Exception as error:
        # onnxruntime raises many types, all directly below Exception
        raise BadModelError(f"{node.op_type} of constants failed: {error}") from error
    return results


def _typed(node: NodeProto, values: Sequence[Value], inputs: Sequence[Tensor | None]) -> list[Tensor]:
    tensors = [tensor for tensor in inputs if tensor is not None]
    types: dict[str, TypeProto] = {tensor.value: _type_proto(tensor) for tensor in tensors}
    data: dict[str, TensorProto] = {
        tensor.value: _tensor_proto(tensor.known)
        for tensor in tensors
        if tensor.known is not None and tensor.known.size <= _MAX_FOLDED
    }
    try:
        inferred = shape_inference.infer_node_outputs(_schema(node.op_type), node, types, data, opset_imports=_OPSETS)
    except shape_inference.InferenceError as error:
        raise BadModelError(_complaint(node.op_type, tensors, error)) from error
    return [_tensor(value, inferred.get(value), node.op_type, inputs) for value in values]


@functools.cache
def _schema(op_type: str) -> Any:
    return defs.get_schema(op_type, OPSET, "")


def _complaint(op_type: str, tensors: Sequence[Tensor], error: Exception) -> str:
    shapes = ", ".join(shape_text(tensor.shape) for tensor in tensors)
    message = str(error).strip().splitlines()[0] if str(error).strip() else "?"
    return f"inputs of the shapes {shapes} do not fit together for {op_type}: {message}"


def shape_text(shape: Shape) -> str:
    """Return a shape as messages show it: `[1, ?, 4]`."""
    return f"[{', '.join('?' if size is None else str(size) for size in shape)}]"


def _tensor(value: Value, proto: Any, op_type: str, inputs: Sequence[Tensor | None]) -> Tensor:
    if proto is not None and proto.tensor_type.HasField("shape"):
        dimensions = proto.tensor_type.shape.dim
        shape = tuple(int(size.dim_value) if size.HasField("dim_value") else None for size in dimensions)
        return Tensor(value, _DTYPES[proto.tensor_type.elem_type], shape)
    shaping = inputs[_SHAPED_BY[op_type]] if op_type in _SHAPED_BY else None
    rank = shaping.shape[0] if shaping is not None else None
    if proto is None or rank is None:
        raise BadModelError(f"the number of dimensions that {op_type} gives is not known")
    return Tensor(value, _DTYPES[proto.tensor_type.elem_type], (None,) * rank)


def _type_proto(tensor: Tensor) -> TypeProto:
    proto = TypeProto()
    proto.tensor_type.elem_type = tensor.dtype.onnx
    proto.tensor_type.shape.SetInParent()
    for size in tensor.shape:
        dimension = proto.tensor_type.shape.dim.add()
        if size is not None:
            dimension.dim_value = size
    return proto


def _tensor_proto(array: NDArray[Any]) -> TensorProto:
    proto = TensorProto(data_type=_dtype_of(array).onnx, dims=array.shape)
    proto.raw_data = array.tobytes()
    return proto


def _dtype_of(array: NDArray[Any]) -> DType:
    return next(dtype for dtype in _DTYPES.values() if dtype.numpy == array.dtype)
