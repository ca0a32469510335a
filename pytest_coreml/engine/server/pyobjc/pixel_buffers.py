"""PIL images, and the pixel buffers that Core ML takes and gives."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np

from pytest_coreml.engine.server.pyobjc.foundation_objects import dictionary
from pytest_coreml.errors import InputError, ModelError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray
    from PIL.Image import Image

_READ_ONLY: Final = 1  # kCVPixelBufferLock_ReadOnly


class _Format(NamedTuple):
    """A pixel format: the name of its constant, element type and number of channels."""

    constant: str
    dtype: str
    channels: int


_BGRA: Final = _Format("kCVPixelFormatType_32BGRA", "uint8", 4)
_GRAY: Final = _Format("kCVPixelFormatType_OneComponent8", "uint8", 1)
_HALF: Final = _Format("kCVPixelFormatType_OneComponent16Half", "float16", 1)
# The modes of PIL that coremltools passes, and how.
_FORMATS: Final = {"RGB": _BGRA, "L": _GRAY, "F": _HALF}


def to_pixel_buffer(image: Image) -> Any:
    """Return a `CVPixelBuffer` with the pixels of *image*, in memory that devices can share (an IOSurface).

    Raises `InputError` where PyObjC's wrapper of Quartz is not installed, `ModelError` if the memory is exhausted.
    """
    quartz = _quartz()
    format_ = _FORMATS[image.mode]
    attributes = dictionary({quartz.kCVPixelBufferIOSurfacePropertiesKey: dictionary({})})
    status, buffer = quartz.CVPixelBufferCreate(
        None, image.width, image.height, getattr(quartz, format_.constant), attributes, None
    )
    if buffer is None:
        raise ModelError(f"no pixel buffer of {image.width} x {image.height}: error {status} of Core Video")
    with _pixels(quartz, buffer, format_, 0) as pixels:
        pixels[...] = _of_image(image, format_)
    return buffer


def from_pixel_buffer(buffer: Any) -> Image:
    """Return the image in a `CVPixelBuffer`: RGBA, L or F, as coremltools returns it.

    Raises `ModelError` for a pixel format that is unknown here.
    """
    from PIL import Image

    quartz = _quartz()
    kind = quartz.CVPixelBufferGetPixelFormatType(buffer)
    format_ = next((each for each in _FORMATS.values() if getattr(quartz, each.constant) == kind), None)
    if format_ is None:
        raise ModelError(f"an image of a pixel format that is unknown here: {kind}")
    with _pixels(quartz, buffer, format_, _READ_ONLY) as pixels:
        if format_ is _BGRA:
            return Image.fromarray(np.ascontiguousarray(pixels[..., [2, 1, 0, 3]]), "RGBA")
        plane = pixels[..., 0]
        return Image.fromarray(plane.astype(np.float32 if format_ is _HALF else np.uint8))


def _of_image(image: Image, format_: _Format) -> NDArray[Any]:
    values = np.asarray(image)
    if format_ is not _BGRA:
        return values[..., np.newaxis]
    opaque = np.full((*values.shape[:2], 1), 255, np.uint8)
    return np.concatenate([values[..., ::-1], opaque], axis=-1)


@contextlib.contextmanager
def _pixels(quartz: Any, buffer: Any, format_: _Format, flags: int) -> Iterator[NDArray[Any]]:
    """Yield the pixels of a locked buffer: rows, columns, channels. Rows may be padded."""
    quartz.CVPixelBufferLockBaseAddress(buffer, flags)
    try:
        height, width = quartz.CVPixelBufferGetHeight(buffer), quartz.CVPixelBufferGetWidth(buffer)
        stride = quartz.CVPixelBufferGetBytesPerRow(buffer)
        memory = quartz.CVPixelBufferGetBaseAddress(buffer).as_buffer(stride * height)
        used = width * format_.channels * np.dtype(format_.dtype).itemsize
        rows = np.frombuffer(memory, np.uint8).reshape(height, stride)[:, :used]
        yield rows.view(format_.dtype).reshape(height, width, format_.channels)
    finally:
        quartz.CVPixelBufferUnlockBaseAddress(buffer, flags)


def _quartz() -> Any:
    try:
        import Quartz
    except ImportError:
        raise InputError(
            "images by --coreml-api=pyobjc need pyobjc-framework-Quartz: pip install 'pytest-coreml[pyobjc]'"
        ) from None
    return Quartz
