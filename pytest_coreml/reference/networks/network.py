"""Lowers the layers of a neural network, for one set of input shapes, to one ONNX model."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from pytest_coreml.reference.errors import BadModelError, Refusal
from pytest_coreml.reference.graph import GraphBuilder
from pytest_coreml.reference.lowering.refusals import Refusals
from pytest_coreml.reference.networks.branches import lower_guarded
from pytest_coreml.reference.networks.layer_context import LayerContext
from pytest_coreml.reference.networks.layer_tree import JUMPS, all_layers, may_jump
from pytest_coreml.reference.networks.tensors import Blob, Tensor
from pytest_coreml.reference.networks.typed_graph import TypedGraph

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pytest_coreml.reference.networks.layer_registry import Handler

_UNFORESEEN: Final = (ArithmeticError, AttributeError, LookupError, MemoryError, TypeError, ValueError)


@dataclass(frozen=True)
class LayerName:
    """A layer as messages name it."""

    type: str
    name: str


class NetworkLowering:
    """The walk over the layers: blobs by name, the graph under construction, and what was refused.

    Names are variables: a later layer may give one a new blob. None stands for what a refused layer would make.
    """

    def __init__(self, handlers: Mapping[str, Handler], layers: Sequence[Any], outputs: Sequence[str]) -> None:
        """Begin an empty graph for layers that make *outputs*."""
        self.builder = GraphBuilder()
        self.graph = TypedGraph(self.builder)
        self.names: dict[str, Blob | None] = {}
        # How often each name is read, in all networks inside too
        self.reads: Counter[str] = Counter([*outputs, *(name for layer in all_layers(layers) for name in layer.input)])
        self._handlers = handlers
        self._refusals = Refusals("layer")
        # The layers themselves, so that no other gets the id of one
        self._refused: dict[int, Any] = {}

    def lower_top(self, layers: Sequence[Any]) -> None:
        """Lower the layers of the network, and raise one error for everything that was refused in it."""
        for layer in all_layers(layers):
            type_ = layer.WhichOneof("layer")
            if type_ == "custom":
                self._refuse(layer, f"its class {layer.custom.className} is in the app that the model belongs to")
            elif type_ not in self._handlers:
                self._refuse(layer, "is not implemented")
        self.lower_layers(layers)
        self._refusals.check()

    def lower_layers(self, layers: Sequence[Any]) -> None:
        """Lower layers into the current graph."""
        for index, layer in enumerate(layers):
            type_ = layer.WhichOneof("layer")
            self._bind(layer, self._lower(layer, type_))
            if type_ in JUMPS:
                return
            if may_jump(layer):
                lower_guarded(LayerContext(layer, self), layers[index + 1 :])
                return

    def _lower(self, layer: Any, type_: str) -> Sequence[Blob | None]:
        nothing: list[Blob | None] = [None] * len(layer.output)
        handler = self._handlers.get(type_)
        if handler is None or any(self._find(name, layer) is None for name in layer.input if name):
            return nothing
        context = LayerContext(layer, self)
        try:
            result = handler(context)
            results = [result] if isinstance(result, (Tensor, Blob)) else result
            blobs = [blob if isinstance(blob, Blob) else context.from_whole(blob) for blob in results]
        except Refusal as refusal:
            self._refuse(layer, str(refusal))
            return nothing
        except BadModelError as error:
            raise BadModelError(f"layer {type_} {layer.name!r}: {error}") from error
        except _UNFORESEEN as error:
            # A damaged network can lie about every count and type: no handler can ask for all of them.
            raise BadModelError(
                f"layer {type_} {layer.name!r}: its parameters are inconsistent: {type(error).__name__}: {error}"
            ) from error
        return blobs

    def _refuse(self, layer: Any, reason: str) -> None:
        """Remember a layer that cannot be lowered, once, though the body of a loop may be lowered several times."""
        if id(layer) not in self._refused:
            self._refused[id(layer)] = layer
            self._refusals.add(LayerName(str(layer.WhichOneof("layer")), layer.name), reason)

    def _bind(self, layer: Any, blobs: Sequence[Blob | None]) -> None:
        if len(blobs) < len(layer.output):
            raise BadModelError(
                f"layer {layer.WhichOneof('layer')} {layer.name!r} has {len(layer.output)} outputs, "
                f"expected {len(blobs)}"
            )
        # More than asked for: the last states of a recurrent layer, the indices of a top-k
        self.names.update(zip(layer.output, blobs, strict=False))

    def _find(self, name: str, layer: Any) -> Blob | None:
        if name not in self.names:
            raise BadModelError(
                f"layer {layer.WhichOneof('layer')} {layer.name!r}: no layer before it computes its input {name!r}"
            )
        return self.names[name]

    def blob(self, name: str, layer: Any) -> Blob:
        """Return a blob that was made before."""
        blob = self._find(name, layer)
        if blob is None:
            raise Refusal("uses the result of a refused layer")
        return blob
