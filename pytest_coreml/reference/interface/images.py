"""Images at the boundary of a model.

A program receives an image as a tensor of the shape (1, channels, height, width), with values from 0 to 255 (any values
for half-precision grey). Scale, bias and all further processing are operations of the program.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from pytest_coreml.reference.errors import BadInputError, BadModelError
from pytest_coreml.reference.interface.allowed_shapes import AllowedShapes
from pytest_coreml.reference.interface.paired_shapes import Enumerated

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from pytest_coreml.reference.format.types import TensorType

# ImageFeatureType.ColorSpace
_GREY, _RGB, _BGR, _GREY_FLOAT16 = 10, 20, 30, 40
_NAMES: Final = {_GREY: "grayscale", _RGB: "RGB", _BGR: "BGR", _GREY_FLOAT16: "grayscale float16"}
# The modes of PIL images that each takes. A pixel buffer of a colour image has an alpha channel, which is not read.
_MODES: Final = {_GREY: ("L",), _RGB: ("RGB", "RGBA"), _BGR: ("RGB", "RGBA"), _GREY_FLOAT16: ("F",)}


def _find_color(feature: Any, port: TensorType) -> int:
    """Return the colour layout of a `FeatureDescription`; raise `BadModelError` if it does not match the program."""
    color = int(feature.type.imageType.colorSpace)
    if color not in _NAMES:
        raise BadModelError(f"the image {feature.name!r} has the unknown colour space number {color}")
    channels = 3 if color in (_RGB, _BGR) else 1
    if port.rank != 4 or port.shape[1] not in (channels, None):
        raise BadModelError(
            f"the {_NAMES[color]} image {feature.name!r} requires a tensor [1, {channels}, height, width], "
            f"but the program has {port}"
        )
    return color


class ImageInput:
    """An image input of a function of the program."""

    def __init__(self, feature: Any, port: TensorType) -> None:
        """Read a `FeatureDescription`."""
        self.name = feature.name
        self.optional = bool(feature.type.isOptional)
        self._color = _find_color(feature, port)
        self._image = feature.type.imageType
        self._sizes = AllowedShapes.of_image(self._image)
        self._dtype = port.dtype.boundary.numpy

    @property
    def enumerated(self) -> Enumerated:
        """The heights and widths that may go together with the shapes of other inputs."""
        return Enumerated(self.name, self._sizes, (int(self._image.height), int(self._image.width)))

    @staticmethod
    def shape_of(tensor: NDArray[Any]) -> tuple[int, ...]:
        """Return height and width of the image that `read` has returned as *tensor*."""
        return tensor.shape[-2:]

    @property
    def expected(self) -> str:
        """The accepted values, as messages show them."""
        return f"{_NAMES[self._color]} image {self._sizes}"

    def read(self, value: Any) -> NDArray[Any]:
        """Return the image as a tensor; raise `BadInputError` if the binding or Core ML refuses the value."""
        from PIL import Image

        modes = _MODES[self._color]
        if not isinstance(value, Image.Image) or value.mode not in modes:
            came = f"an image of mode {value.mode}" if isinstance(value, Image.Image) else type(value).__name__
            raise BadInputError(f"input {self.name!r}: expected a PIL image of mode {' or '.join(modes)}, got {came}")
        size = (value.height, value.width)
        if not self._sizes.allow(size):
            raise BadInputError(
                f"input {self.name!r}: expected an image of height and width {self._sizes}, got {list(size)}"
            )
        return np.ascontiguousarray(self._channels(np.asarray(value))[None], self._dtype)

    def default(self) -> None:
        """Return None: a specification holds no default image."""

    def _channels(self, pixels: NDArray[Any]) -> NDArray[Any]:
        if self._color == _GREY:
            return pixels[None]
        if self._color == _GREY_FLOAT16:
            return pixels.astype(np.float16)[None]
        planes: NDArray[Any] = pixels[:, :, :3].transpose(2, 0, 1)
        return planes if self._color == _RGB else planes[::-1]


class ImageOutput:
    """An image output of the program."""

    def __init__(self, feature: Any, port: TensorType) -> None:
        """Read a `FeatureDescription`."""
        self.name = feature.name
        self._color = _find_color(feature, port)

    def write(self, result: NDArray[Any]) -> Any:
        """Return a PIL image: RGBA for colour, L for grey, F for half-precision grey.

        Values outside the range of a byte are clipped, others rounded to the nearest integer.
        """
        from PIL import Image

        if result.shape[0] != 1:
            raise BadInputError(f"output {self.name!r}: expected one image, but the program returned {result.shape[0]}")
        image = result[0]
        if self._color == _GREY_FLOAT16:
            return Image.fromarray(image[0].astype(np.float16).astype(np.float32))
        pixels = np.nan_to_num(np.rint(image)).clip(0, 255).astype(np.uint8)
        if self._color == _GREY:
            return Image.fromarray(pixels[0])
        planes = pixels if self._color == _RGB else pixels[::-1]
        opaque = np.full((1, *planes.shape[1:]), 255, np.uint8)
        return Image.fromarray(np.ascontiguousarray(np.concatenate([planes, opaque]).transpose(1, 2, 0)), "RGBA")
