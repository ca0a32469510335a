"""The module `Quartz`: pixel buffers, with padded rows."""

from __future__ import annotations

from typing import Any

import numpy as np
from PIL import Image
from standin.session import current

from pyobjc_standin.bridge import ObjCObject, VarList
from pyobjc_standin.facts import facts

FACTS: dict[str, dict[str, Any]] = facts()["Quartz"]
# Element type and channels of the formats.
_FORMATS = {
    "kCVPixelFormatType_32BGRA": (np.uint8, 4),
    "kCVPixelFormatType_OneComponent8": (np.uint8, 1),
    "kCVPixelFormatType_OneComponent16Half": (np.float16, 1),
}
_ALIGNMENT = 64


class CVPixelBuffer(ObjCObject):
    """A buffer; it is locked while its memory is used."""

    _kind: int
    _rows: np.ndarray
    _width: int
    _locks: int

    @property
    def _pixels(self) -> np.ndarray:
        dtype, channels = _format(self._kind)
        used = self._width * channels * np.dtype(dtype).itemsize
        return self._rows[:, :used].view(dtype).reshape(len(self._rows), self._width, channels)


def _format(kind: int) -> tuple[type, int]:
    enums = FACTS["12.2.2"]["enums"]
    return next(format_ for name, format_ in _FORMATS.items() if enums[name] == kind)


def _make(kind: int, width: int, height: int) -> CVPixelBuffer:
    dtype, channels = _format(kind)
    made = CVPixelBuffer()
    used = width * channels * np.dtype(dtype).itemsize
    made._kind, made._width, made._locks = kind, width, 0
    made._rows = np.full((height, -(-used // _ALIGNMENT) * _ALIGNMENT), 77, np.uint8)
    return made


def _create(  # noqa: PLR0917
    allocator: None, width: int, height: int, kind: int, attributes: Any, out: None
) -> tuple[int, Any]:
    assert [str(key) for key in attributes] == ["kCVPixelBufferIOSurfacePropertiesKey"]
    return 0, _make(kind, width, height)


def _lock(buffer: CVPixelBuffer, flags: int) -> int:
    buffer._locks += 1
    return 0


def _unlock(buffer: CVPixelBuffer, flags: int) -> int:
    buffer._locks -= 1
    return 0


def _base(buffer: CVPixelBuffer) -> VarList:
    assert buffer._locks == 1, "the memory of a buffer is valid while it is locked"
    return VarList(buffer._rows.ctypes.data)


FUNCTIONS = {
    "CVPixelBufferCreate": _create,
    "CVPixelBufferLockBaseAddress": _lock,
    "CVPixelBufferUnlockBaseAddress": _unlock,
    "CVPixelBufferGetBaseAddress": _base,
    "CVPixelBufferGetBytesPerRow": lambda buffer: buffer._rows.shape[1],
    "CVPixelBufferGetHeight": lambda buffer: len(buffer._rows),
    "CVPixelBufferGetWidth": lambda buffer: buffer._width,
    "CVPixelBufferGetPixelFormatType": lambda buffer: buffer._kind,
}


def names() -> dict[str, Any]:
    """Return what the module has in the version of the scenario."""
    known = FACTS[str(current().scenario.objc.version)]
    constants = {name: name for name in known["constants"]}
    return {
        **{name: FUNCTIONS[name] for name in known["functions"] if name in FUNCTIONS},
        **known["enums"],
        **constants,
    }


def to_image(buffer: CVPixelBuffer) -> Image.Image:
    """Return what Core ML sees in a buffer."""
    pixels = buffer._pixels
    if pixels.shape[-1] == 4:
        return Image.fromarray(np.ascontiguousarray(pixels[..., 2::-1]), "RGB")
    return Image.fromarray(pixels[..., 0].astype(np.float32 if pixels.dtype == np.float16 else np.uint8))


def from_image(image: Image.Image) -> CVPixelBuffer:
    """Return a buffer of Core ML's own."""
    names_by_mode = {"L": "OneComponent8", "F": "OneComponent16Half"}
    kind = FACTS["12.2.2"]["enums"][f"kCVPixelFormatType_{names_by_mode.get(image.mode, '32BGRA')}"]
    made = _make(kind, image.width, image.height)
    values = np.asarray(image)
    made._pixels[...] = values[..., [2, 1, 0, 3]] if values.ndim == 3 else values[..., np.newaxis]
    return made
