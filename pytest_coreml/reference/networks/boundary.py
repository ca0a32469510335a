"""The inputs and outputs of a network: how arrays become blobs, and blobs arrays."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from pytest_coreml.reference.errors import BadInputError, BadModelError, UnsupportedModelError
from pytest_coreml.reference.format.dtypes import DType
from pytest_coreml.reference.format.types import TensorType
from pytest_coreml.reference.interface.arrays import ArrayInput, ArrayOutput
from pytest_coreml.reference.interface.images import ImageInput, ImageOutput

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from pytest_coreml.reference.format.types import Shape
    from pytest_coreml.reference.networks.mapping import NetworkMapping

# ImageFeatureType.ColorSpace: grayscale, and grayscale in half precision
_ONE_CHANNEL = (10, 40)


class NetworkArrayInput(ArrayInput):
    """An array that becomes a blob. Beside the declared rank it may have some of a sequence and a batch."""

    color = 0

    def __init__(self, feature: Any, mapping: NetworkMapping) -> None:
        """Read a `FeatureDescription`."""
        self._declared = tuple(int(size) for size in feature.type.multiArrayType.shape)
        super().__init__(feature, TensorType(DType.FP32, self._declared or (None,)))
        self._mapping = mapping

    def read(self, value: Any) -> NDArray[Any]:
        """Return the array as the graph takes it; `BadInputError` for what the binding or Core ML refuses."""
        if isinstance(value, np.ndarray) and value.ndim and self._is_sequence(value.shape):
            return self._as_declared(self._taken(value))
        return super().read(value)

    def _is_sequence(self, shape: tuple[int, ...]) -> bool:
        """Return True for a declared shape with sequence and batch in front, or all five dimensions."""
        declared = len(self._declared)
        if not self._mapping.accepts(len(shape), declared):
            return False
        own = shape[2:3] if declared == 1 and len(shape) == 5 else shape[-declared:]
        return self._shapes.allow(own) and (declared != 1 or len(shape) < 5 or shape[3:] == (1, 1))

    def default(self) -> NDArray[Any] | None:
        """Return the value of an input that was left out: zeros where nothing else is said."""
        declared = super().default()
        return np.zeros(self._declared, np.float32) if declared is None else declared

    @property
    def usual_shape(self) -> tuple[int, ...] | None:
        """The shape for which the network is lowered while it is loaded, or None when none is declared."""
        if self._declared or not self._array.WhichOneof("ShapeFlexibility"):
            return self._declared or None
        return tuple(low for low, _ in self._shapes.choices[0])

    @property
    def is_flexible(self) -> bool:
        """True if the array may have several shapes."""
        return self._shapes.are_several

    def blob_shape(self, shape: tuple[int, ...]) -> Shape:
        """Return the shape of the blob of an array."""
        return self._mapping.of_array(self.name, shape, len(self._declared) or len(shape))


class NetworkImageInput(ImageInput):
    """An image that becomes a blob."""

    def __init__(self, feature: Any, mapping: NetworkMapping) -> None:
        """Read a `FeatureDescription`."""
        self.color = int(feature.type.imageType.colorSpace)
        self._channels_ = 1 if self.color in _ONE_CHANNEL else 3
        super().__init__(feature, TensorType(DType.FP32, (1, self._channels_, None, None)))
        self._mapping = mapping
        declared = (int(feature.type.imageType.height), int(feature.type.imageType.width))
        self._usual_size = declared if all(declared) else tuple(low for low, _ in self._sizes.choices[0])

    @property
    def usual_shape(self) -> tuple[int, ...] | None:
        """The shape for which the network is lowered while it is loaded."""
        return (1, self._channels_, *self._usual_size)

    @property
    def is_flexible(self) -> bool:
        """True if the image may have several sizes."""
        return self._sizes.are_several

    def blob_shape(self, shape: tuple[int, ...]) -> Shape:
        """Return the shape of the blob of an image."""
        return self._mapping.of_image(shape)


class NetworkArrayOutput(ArrayOutput):
    """A blob that becomes an array."""

    def __init__(self, feature: Any, mapping: NetworkMapping) -> None:
        """Read a `FeatureDescription`."""
        super().__init__(feature, TensorType(DType.FP32, ()))
        self._declared = tuple(int(size) for size in feature.type.multiArrayType.shape)
        self._is_any_rank = mapping.is_any_rank

    def write(self, result: NDArray[Any]) -> NDArray[Any]:
        """Return an array of the declared shape where it has as many elements; else with the dimensions of the blob."""
        return super().write(result.reshape(self._shape(result.shape)))

    def _shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        declared = self._declared
        if self._is_any_rank:
            is_same = len(declared) != len(shape) and math.prod(declared) == math.prod(shape)
            return declared if declared and is_same else shape
        if len(declared) in (1, 3) and shape[:2] == (1, 1):
            return shape[2:3] if len(declared) == 1 and shape[3:] == (1, 1) else shape[2:]
        return shape


class NetworkImageOutput(ImageOutput):
    """A blob that becomes an image."""

    def __init__(self, feature: Any) -> None:
        """Read a `FeatureDescription`."""
        channels = 1 if feature.type.imageType.colorSpace in _ONE_CHANNEL else 3
        super().__init__(feature, TensorType(DType.FP32, (1, channels, None, None)))
        self._channels = channels

    def write(self, result: NDArray[Any]) -> Any:
        """Return a PIL image; `BadInputError` for a blob that is not a single image."""
        if result.ndim < 3 or result.shape[-3] != self._channels:
            expected = f"[{self._channels}, height, width]"
            raise BadInputError(f"output {self.name!r}: expected {expected}, the network gave {list(result.shape)}")
        return super().write(result.reshape(-1, *result.shape[-3:]))


class NumberOutput:
    """A blob of one element that becomes a number."""

    def __init__(self, feature: Any) -> None:
        """Read a `FeatureDescription`."""
        self.name = feature.name
        self._make = int if feature.type.WhichOneof("Type") == "int64Type" else float

    def write(self, result: NDArray[Any]) -> Any:
        """Return the number; `BadInputError` when there are more."""
        if result.size != 1:
            raise BadInputError(f"output {self.name!r}: expected one number, the network gave {result.size}")
        return self._make(result.reshape(-1)[0])


def network_input(feature: Any, mapping: NetworkMapping) -> NetworkArrayInput | NetworkImageInput:
    """Return the input of a `FeatureDescription`; `UnsupportedModelError` for types that no network takes."""
    kind = feature.type.WhichOneof("Type")
    if kind == "multiArrayType":
        return NetworkArrayInput(feature, mapping)
    if kind == "imageType":
        return NetworkImageInput(feature, mapping)
    raise UnsupportedModelError(
        f"the input {feature.name!r} is of {kind}, which is not an input type of neural networks"
    )


def network_output(feature: Any, mapping: NetworkMapping) -> NetworkArrayOutput | NetworkImageOutput | NumberOutput:
    """Return the output of a `FeatureDescription`; `BadModelError` for types that no blob can become."""
    kind = feature.type.WhichOneof("Type")
    if kind == "multiArrayType":
        return NetworkArrayOutput(feature, mapping)
    if kind == "imageType":
        return NetworkImageOutput(feature)
    if kind in ("doubleType", "int64Type"):
        return NumberOutput(feature)
    raise BadModelError(f"the output {feature.name!r} is of {kind}, which is not an output type of neural networks")
