"""Which kind of network one is, and what blobs its inputs and outputs are.

In a network of *rank five* each blob is [sequence, batch, channels, height, width]; each of an *N-d* network has its
own rank. The version of the specification does not decide, but what the network has (Core ML's validator,
`NeuralNetworkValidator.cpp`, and `Utils.cpp`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from pytest_coreml.reference.errors import BadInputError, BadModelError

if TYPE_CHECKING:
    from pytest_coreml.reference.format.types import Shape

# The types of iOS 11 and 12
_FIRST_LAYERS: Final = frozenset(
    {
        *("convolution", "pooling", "activation", "innerProduct", "embedding", "batchnorm", "mvn", "l2normalize"),
        *("softmax", "lrn", "crop", "padding", "upsample", "resizeBilinear", "cropResize", "unary", "add", "multiply"),
        *("average", "scale", "bias", "max", "min", "dot", "reduce", "loadConstant", "reshape", "flatten", "permute"),
        *("concat", "split", "sequenceRepeat", "reorganizeData", "slice", "simpleRecurrent", "gru", "custom"),
        *("uniDirectionalLSTM", "biDirectionalLSTM"),
    }
)
_RANK_FIVE: Final = 5
# NeuralNetworkMultiArrayShapeMapping and NeuralNetworkImageShapeMapping
_EXACT_ARRAY_MAPPING: Final = 1
_RANK4_IMAGE_MAPPING: Final = 1


class NetworkMapping:
    """The mapping of a network's inputs to blobs."""

    def __init__(self, network: Any) -> None:
        """Look at what the network has."""
        self._is_exact = network.arrayInputShapeMapping == _EXACT_ARRAY_MAPPING
        self._rank_four_images = network.imageInputShapeMapping == _RANK4_IMAGE_MAPPING
        is_later = any(map(_is_later, network.layers))
        self.is_any_rank = self._is_exact or self._rank_four_images or is_later

    def check_arrays(self, has_arrays: bool) -> None:
        """Raise `BadModelError` for arrays of five dimensions in an N-d network, as Core ML does."""
        if has_arrays and self.is_any_rank and not self._is_exact:
            raise BadModelError(
                "the network has layers of blobs of any rank, but maps its array inputs to five dimensions: "
                "arrayInputShapeMapping must be EXACT_ARRAY_MAPPING"
            )

    def of_array(self, name: str, shape: tuple[int, ...], declared: int) -> Shape:
        """Return the shape of the blob of an array whose declared rank is *declared*; `BadInputError` for others."""
        if self.is_any_rank:
            return shape
        rank = len(shape)
        if rank == _RANK_FIVE:
            return shape
        if declared == 1 and rank <= 3:
            # (C), (S, C) or (S, B, C)
            return (*shape[:-1], *[1] * (3 - rank), shape[-1], 1, 1) if rank > 1 else (1, 1, *shape, 1, 1)
        if rank in (3, 4):
            return (*[1] * (_RANK_FIVE - rank), *shape)
        raise BadInputError(
            f"input {name!r}: an array of rank {rank} is not a blob [sequence, batch, channels, height, width]"
        )

    def of_image(self, shape: tuple[int, ...]) -> Shape:
        """Return the shape of the blob of an image [1, channels, height, width]."""
        return shape if self._rank_four_images else (1, *shape)

    def accepts(self, rank: int, declared: int) -> bool:
        """Return True for ranks that an array may have beside the declared one."""
        if self.is_any_rank:
            return False
        return rank in {1: (2, 3, 5), 3: (4, 5)}.get(declared, ())


def _is_later(layer: Any) -> bool:
    """Return True for a layer that the first networks do not have, or an old one in a new form."""
    type_ = layer.WhichOneof("layer")
    if type_ == "convolution":
        return len(layer.input) > 1
    if type_ == "innerProduct":
        return bool(layer.innerProduct.int8DynamicQuantize)
    if type_ == "upsample":
        return bool(layer.upsample.linearUpsampleMode or layer.upsample.fractionalScalingFactor)
    if type_ == "reorganizeData":
        return bool(layer.reorganizeData.mode == layer.reorganizeData.PIXEL_SHUFFLE)
    return type_ not in _FIRST_LAYERS
