"""The view that a handler has of the layer it lowers; the guide to writing one is in `networks/__init__.py`."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NoReturn, Protocol

import numpy as np

from pytest_coreml.reference.errors import BadModelError, Refusal
from pytest_coreml.reference.format.dtypes import DType
from pytest_coreml.reference.networks import weights
from pytest_coreml.reference.networks.tensors import IMAGE_AXES, Blob, Tensor

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Callable, Sequence
    from typing import TypeAlias

    from numpy.typing import ArrayLike, NDArray

    from pytest_coreml.reference.format.types import Shape
    from pytest_coreml.reference.graph import GraphBuilder
    from pytest_coreml.reference.networks.typed_graph import TypedGraph

    # A number, or an int64 vector of one element that the graph computes
    Size: TypeAlias = "int | Tensor"

# Truth of a number, by the comments of NeuralNetwork.proto
_TRUE_ABOVE = 1e-6


class Lowering(Protocol):
    """The walk over the layers of a network (`network.py`), as handlers use it."""

    builder: GraphBuilder
    graph: TypedGraph
    names: dict[str, Blob | None]
    reads: Counter[str]

    def blob(self, name: str, layer: Any) -> Blob:
        """Return a blob that was made before."""

    def lower_layers(self, layers: Sequence[Any]) -> None:
        """Lower layers into the current graph."""


class LayerContext:
    """One layer on its way into the graph: its inputs, its parameters, and what it becomes."""

    def __init__(self, layer: Any, lowering: Lowering) -> None:
        """Look at `layer`; *lowering* knows the blobs and the graph."""
        self.layer = layer
        self.type = str(layer.WhichOneof("layer"))
        self.params = getattr(layer, self.type)
        self.lowering = lowering

    # What goes in

    @property
    def blobs(self) -> list[Blob]:
        """The inputs of the layer."""
        return [self.lowering.blob(name, self.layer) for name in self.layer.input]

    @property
    def count(self) -> int:
        """The number of inputs."""
        return len(self.layer.input)

    def blob(self, index: int = 0) -> Blob:
        """Return one input; `BadModelError` when the layer has fewer."""
        if index >= self.count:
            raise BadModelError(f"has {self.count} inputs, expected {index + 1} or more")
        return self.lowering.blob(self.layer.input[index], self.layer)

    def x(self, index: int = 0) -> Tensor:
        """Return one input in the shape that the network sees."""
        return self.whole(self.blob(index))

    def image(self, index: int = 0) -> Tensor:
        """Return one input as [all leading axes, channels, height, width]."""
        return self.as_image(self.blob(index))

    # The two forms of a blob

    def whole(self, blob: Blob) -> Tensor:
        """Return a blob in the shape that the network sees."""
        found = self._form(blob, "whole")
        if found is None:
            image = self.as_image(blob)
            sizes = [*blob.leading, *self.sizes(image)[1:]]
            found = self._keep(blob, "whole", self.reshape(image, sizes))
        return found

    def as_image(self, blob: Blob) -> Tensor:
        """Return a blob with all axes before channels, height and width as one."""
        found = self._form(blob, "image")
        if found is None:
            if blob.rank < IMAGE_AXES:
                self.refuse(f"an input of rank {blob.rank}, expected channels, height and width")
            whole = self.whole(blob)
            if blob.rank == IMAGE_AXES + 1:
                return self._keep(blob, "image", whole)
            sizes = self.sizes(whole)[-IMAGE_AXES:]
            leading = blob.leading
            first: Size = math.prod(size for size in leading if size is not None) if None not in leading else -1
            if first == -1 and not all(isinstance(size, int) for size in sizes):
                first = self._product(self.sizes(whole)[:-IMAGE_AXES])
            found = self._keep(blob, "image", self.reshape(whole, [first, *sizes]))
        return found

    def _product(self, sizes: Sequence[Size]) -> Tensor:
        product = self.vector([1])
        for size in sizes:
            product = self.node("Mul", product, self.vector([size]))
        return product

    def _form(self, blob: Blob, form: str) -> Tensor | None:
        for graph, tensor in blob.forms.get(form, []):
            if self.lowering.builder.is_open(graph):
                return tensor
        if form == "whole" and blob.rank == IMAGE_AXES + 1:
            return self._form(blob, "image") if "image" in blob.forms else None
        return None

    def _keep(self, blob: Blob, form: str, tensor: Tensor) -> Tensor:
        blob.forms.setdefault(form, []).append((self.lowering.builder.current, tensor))
        return tensor

    def from_whole(self, tensor: Tensor) -> Blob:
        """Return a tensor as a blob of its shape."""
        blob = Blob(tensor.shape)
        self._keep(blob, "whole", tensor)
        return blob

    def from_image(self, tensor: Tensor, leading: Shape | None = None) -> Blob:
        """Return a tensor [all leading axes, ...] as a blob with the leading axes of the first input, or others."""
        blob = Blob((*(self.blob().leading if leading is None else leading), *tensor.shape[1:]))
        if blob.rank == tensor.rank - 1:
            return self.from_whole(self.node("Squeeze", tensor, self.int64([0])))
        self._keep(blob, "image", tensor)
        return blob

    def map(self, function: Callable[[Tensor], Tensor], blob: Blob | None = None) -> Blob:
        """Apply a function to the first input, in the form that exists.

        The function may look at single elements, or at channels, height and width by axes counted from the back.
        """
        blob = self.blob() if blob is None else blob
        image = self._form(blob, "image")
        if image is not None:
            return self.from_image(function(image), blob.leading)
        return self.from_whole(function(self.whole(blob)))

    def fold(self, op_type: str, blobs: Sequence[Blob]) -> Blob:
        """Join all blobs by an operator of two inputs that broadcasts."""
        result = blobs[0]
        for blob in blobs[1:]:
            result = self.broadcast(lambda x, y: self.node(op_type, x, y), result, blob)
        return result

    def broadcast(self, function: Callable[[Tensor, Tensor], Tensor], left: Blob, right: Blob) -> Blob:
        """Apply a function that broadcasts, to images where the leading axes allow it."""
        leading = _common(left, right)
        if leading is None or not ("image" in left.forms and "image" in right.forms):
            return self.from_whole(function(self.whole(left), self.whole(right)))
        return self.from_image(function(self.as_image(left), self.as_image(right)), leading)

    # What it becomes

    def node(self, op_type: str, *inputs: Tensor | None, **attrs: Any) -> Tensor:
        """Add an ONNX node of one output, and return it; an input that is None is left out.

        Attributes may be numbers, texts, lists of these, arrays or a `DType`; None leaves one out.
        """
        return self.lowering.graph.nodes(op_type, inputs, hint=self.hint, **attrs)[0]

    def nodes(self, op_type: str, *inputs: Tensor | None, outputs: int, **attrs: Any) -> list[Tensor]:
        """Add an ONNX node of several outputs, and return them."""
        return self.lowering.graph.nodes(op_type, inputs, outputs=outputs, hint=self.hint, **attrs)

    @property
    def hint(self) -> str:
        """The first part of the names of the layer's nodes."""
        # `failures.reason` takes this apart again, and puts the strokes of the name back
        return f"{self.type}:{self.layer.name.replace('/', chr(0x2215))}"

    def number(self, value: float) -> Tensor:
        """Return a small constant in single precision."""
        return self.lowering.graph.literal(value, DType.FP32)

    def literal(self, value: ArrayLike, dtype: DType = DType.FP32) -> Tensor:
        """Return a small constant of our own."""
        return self.lowering.graph.literal(value, dtype)

    def int64(self, value: ArrayLike) -> Tensor:
        """Return small constant integers as ONNX wants shapes, axes and positions."""
        return self.lowering.graph.literal(np.asarray(value, np.int64), DType.INT64)

    def constant(self, array: NDArray[Any]) -> Tensor:
        """Return a constant of any size in single precision."""
        return self.lowering.graph.constant(array)

    def decode(
        self, params: Any, shape: Sequence[int], what: str = "the weights", channel_axis: int = 0
    ) -> NDArray[np.float32]:
        """Return weights as an array of this shape; `BadModelError` when they have another length."""
        sizes = [int(size) for size in shape]
        if any(size < 0 for size in sizes):
            raise BadModelError(f"{what} should have the shape {sizes}")
        return weights.decode(params, sizes, what, channel_axis)

    def weights(self, params: Any, shape: Sequence[int], what: str = "the weights", channel_axis: int = 0) -> Tensor:
        """Return weights as a constant of the graph."""
        return self.constant(self.decode(params, shape, what, channel_axis))

    # Conversions

    def integers(self, tensor: Tensor, dtype: DType = DType.INT64) -> Tensor:
        """Return indices, which a network computes as numbers in single precision, as integers."""
        if tensor.dtype is DType.FP32:
            tensor = self.node("Round", tensor)
        return tensor if tensor.dtype is dtype else self.node("Cast", tensor, to=dtype)

    def floats(self, tensor: Tensor) -> Tensor:
        """Return integers or truth values as numbers in single precision."""
        return tensor if tensor.dtype is DType.FP32 else self.node("Cast", tensor, to=DType.FP32)

    def truth(self, tensor: Tensor) -> Tensor:
        """Return which numbers are not zero."""
        if tensor.dtype is DType.BOOL:
            return tensor
        return self.node("Greater", self.node("Abs", tensor), self.number(_TRUE_ABOVE))

    # Shapes

    def sizes(self, tensor: Tensor) -> list[Size]:
        """Return the size of each axis, in the graph where it is not known."""
        return [
            size if size is not None else self.node("Shape", tensor, start=axis, end=axis + 1)
            for axis, size in enumerate(tensor.shape)
        ]

    def vector(self, sizes: Sequence[Size | None]) -> Tensor:
        """Return sizes as one vector; None stands for a size that a reshape infers."""
        numbers = [-1 if size is None else size for size in sizes]
        if all(isinstance(size, (int, np.integer)) for size in numbers):
            return self.int64(np.array(numbers, np.int64).reshape(-1))
        parts = [size if isinstance(size, Tensor) else self.int64([size]) for size in numbers]
        return self.node("Concat", *parts, axis=0)

    def reshape(self, tensor: Tensor, sizes: Sequence[Size | None]) -> Tensor:
        """Return a tensor in another shape."""
        return self.node("Reshape", tensor, self.vector(sizes), allowzero=1 if 0 in sizes else None)

    def static(self, tensor: Tensor) -> tuple[int, ...]:
        """Return a shape that must be known now."""
        known = tuple(size for size in tensor.shape if size is not None)
        if len(known) != tensor.rank:
            self.refuse("the shape of its input depends on the values in the network")
        return known

    def axis(self, number: int, rank: int) -> int:
        """Return an axis counted from the front."""
        if not -rank <= number < rank:
            raise BadModelError(f"the axis {number} is outside the rank {rank}")
        return number % rank

    def transpose(self, tensor: Tensor, *perm: int) -> Tensor:
        """Return a tensor with its axes in another order."""
        return tensor if list(perm) == list(range(tensor.rank)) else self.node("Transpose", tensor, perm=list(perm))

    def cut(self, tensor: Tensor, axis: int, begin: int, end: int, step: int = 1) -> Tensor:
        """Return a slice along one axis, as Python writes it."""
        return self.node("Slice", tensor, *(self.int64([number]) for number in (begin, end, axis, step)))

    def squeeze(self, tensor: Tensor, *axes: int) -> Tensor:
        """Return a tensor without these axes, which have the size 1."""
        return self.node("Squeeze", tensor, self.int64(list(axes)))

    def unsqueeze(self, tensor: Tensor, *axes: int) -> Tensor:
        """Return a tensor with new axes of the size 1."""
        return self.node("Unsqueeze", tensor, self.int64(list(axes)))

    def scalar(self, tensor: Tensor) -> Tensor:
        """Return a tensor of one element in rank 0."""
        return tensor if tensor.rank == 0 else self.node("Reshape", tensor, self.int64(np.zeros(0)))

    def row(self, tensor: Tensor) -> Tensor:
        """Return the elements of a tensor in one row."""
        return tensor if tensor.rank == 1 else self.node("Reshape", tensor, self.int64([-1]))

    def not_scalar(self, tensor: Tensor) -> Tensor:
        """Return a tensor of rank 0 as one of the shape (1,), as Core ML does."""
        return tensor if tensor.rank else self.node("Reshape", tensor, self.int64([1]))

    def refuse(self, reason: str) -> NoReturn:
        """Raise that this form of the layer cannot be lowered; all refusals of a network make one error."""
        raise Refusal(reason)


def _common(left: Blob, right: Blob) -> Shape | None:
    """Return the leading axes after broadcasting, or None where two forms as images would not broadcast alike."""
    if left.rank != right.rank or left.rank < IMAGE_AXES:
        return None
    if left.leading == right.leading and None not in left.leading:
        return left.leading
    for one, other in ((left, right), (right, left)):
        if all(size == 1 for size in one.leading):
            return other.leading
    return None
