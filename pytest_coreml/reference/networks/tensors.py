"""Values of the ONNX graph with their types, and the blobs of a network, which are made of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from pytest_coreml.reference.format.dtypes import DType
    from pytest_coreml.reference.format.types import Shape
    from pytest_coreml.reference.graph import SubGraph, Value

# Channels, height and width: what a layer of the first networks looks at
IMAGE_AXES: Final = 3


@dataclass(frozen=True, eq=False)
class Tensor:
    """A value of the graph: its element type and shape, and its elements when they are known now."""

    value: Value
    dtype: DType
    shape: Shape
    known: NDArray[Any] | None = None

    @property
    def rank(self) -> int:
        """The number of dimensions."""
        return len(self.shape)


@dataclass(eq=False)
class Blob:
    """A blob of the network. Its shape is what the network sees; the graph may hold it in two forms.

    *whole*: in that shape. *image*: all axes before channels, height and width as one, which is how ONNX's
    convolutions want it; both forms have the same memory. Each form belongs to the graph in which it was made, and is
    seen in the sub-graphs of that one only.
    """

    shape: Shape
    forms: dict[str, list[tuple[SubGraph, Tensor]]] = field(default_factory=dict)

    @property
    def rank(self) -> int:
        """The number of dimensions."""
        return len(self.shape)

    @property
    def leading(self) -> Shape:
        """The sizes of the axes before channels, height and width."""
        return self.shape[:-IMAGE_AXES]
