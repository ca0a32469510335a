"""`coremldata.bin` of a compiled model: its type, its specification version, and its description.

Little endian, found by comparing the files of public models, and not documented by Apple:

| at | content |
| --- | --- |
| 0 | u32, the model type: the number of its field in the `Model` message |
| 28 | u64 length, and the name of an engine |
| then | u64 specification version, and 24 bytes of zeros |
| then | u64 length, and a serialized `ModelDescription` |

With the engine `spec` a whole `Model` message stands in the place of length and description, up to the end.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Final

_ENGINE_AT: Final = 28
_MAX_ENGINE: Final = 1 << 16
_ZEROS: Final = bytes(24)


@dataclass(frozen=True)
class CoreMLData:
    """The content of the file.

    `model_type` is a field number of `Model`. Either `description` or `model` is empty, or both.
    """

    model_type: int
    specification_version: int
    description: bytes
    model: bytes


def read_core_ml_data(content: bytes) -> CoreMLData | None:
    """Read the content of the file; None when it does not have this form."""
    try:
        (model_type,) = struct.unpack_from("<I", content)
        (length,) = struct.unpack_from("<Q", content, _ENGINE_AT)
        at = _ENGINE_AT + 8 + length
        if not 0 < length <= _MAX_ENGINE or at > len(content):
            return None
        engine = content[_ENGINE_AT + 8 : at]
        (version,) = struct.unpack_from("<Q", content, at)
        if content[at + 8 : at + 32] != _ZEROS or not version:
            return None
        if engine == b"spec":
            return CoreMLData(model_type, version, b"", content[at + 32 :])
        (length,) = struct.unpack_from("<Q", content, at + 32)
    except struct.error:
        return None
    description = content[at + 40 : at + 40 + length]
    if not length or len(description) != length:
        return None
    return CoreMLData(model_type, version, description, b"")
