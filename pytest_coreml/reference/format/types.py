"""The types of values in an ML Program."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from pytest_coreml.reference.errors import BadModelError, UnsupportedModelError
from pytest_coreml.reference.format.dtypes import PROTO_DTYPES, DType

if TYPE_CHECKING:
    from typing import TypeAlias

# The file has unsigned numbers, and everything that computes with shapes has signed ones.
MAX_ELEMENTS: Final = 2**63 - 1
# None stands for a dimension that is known only when the model runs.
Shape: TypeAlias = "tuple[int | None, ...]"


@dataclass(frozen=True)
class TensorType:
    """A tensor: its element type and shape."""

    dtype: DType
    shape: Shape

    @property
    def rank(self) -> int:
        """The number of dimensions."""
        return len(self.shape)

    @property
    def size(self) -> int | None:
        """The number of elements, or None if a dimension is unknown."""
        return None if None in self.shape else math.prod(d for d in self.shape if d is not None)

    def __str__(self) -> str:
        """Return the type as messages show it: `fp32 [1, ?, 4]`."""
        return f"{self.dtype.value} [{', '.join('?' if d is None else str(d) for d in self.shape)}]"


@dataclass(frozen=True)
class ListType:
    """A list, as `make_list` creates it."""

    element: ValueType
    length: int | None


@dataclass(frozen=True)
class StateType:
    """A tensor that persists between predictions."""

    wrapped: TensorType


@dataclass(frozen=True)
class OpaqueType:
    """A dictionary or a tuple: only an output of the model can have this type (the output of `classify`)."""

    kind: str


ValueType: TypeAlias = "TensorType | ListType | StateType | OpaqueType"


def type_from_proto(proto: Any) -> ValueType:
    """Read a `MILSpec.ValueType`; raise `BadModelError` if it is invalid."""
    kind = proto.WhichOneof("type")
    if kind == "tensorType":
        return _tensor_type(proto.tensorType)
    if kind == "listType":
        return ListType(type_from_proto(proto.listType.type), _dimension(proto.listType.length))
    if kind == "stateType":
        wrapped = type_from_proto(proto.stateType.wrappedType)
        if not isinstance(wrapped, TensorType):
            raise BadModelError("a state of the ML Program does not hold a tensor")
        return StateType(wrapped)
    if kind is None:
        raise BadModelError("a value of the ML Program has no type")
    return OpaqueType(kind.removesuffix("Type"))


def _tensor_type(proto: Any) -> TensorType:
    dtype = PROTO_DTYPES.get(proto.dataType)
    if dtype is None:
        raise UnsupportedModelError(f"the ML Program uses the unknown element type number {proto.dataType}")
    dimensions = proto.dimensions
    if proto.rank not in (len(dimensions), -1):
        raise BadModelError(f"a tensor of the ML Program declares rank {proto.rank}, but {len(dimensions)} dimensions")
    return TensorType(dtype, tuple([_dimension(dimension) for dimension in dimensions]))


def _dimension(proto: Any) -> int | None:
    if not proto.HasField("constant"):
        return None
    size = int(proto.constant.size)
    if size > MAX_ELEMENTS:
        raise BadModelError(f"a tensor of the ML Program has a dimension of {size}, which is too large")
    return size
