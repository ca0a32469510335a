"""The weight file of an ML Program: blobs with headers, read in place.

Layout, little-endian (MILBlob's StorageFormat): a 64-byte file header; then for each blob a 64-byte header at the
offset which the program names, holding a sentinel, the element type, the size in bytes, the offset of the data and
the number of padding bits; data are aligned to 64 bytes.
"""

from __future__ import annotations

import mmap
import os
import struct
import weakref
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from pytest_coreml.reference.errors import BadModelError
from pytest_coreml.reference.format.dtypes import BLOB_DTYPES, DType
from pytest_coreml.reference.format.packing import packed_size, unpack

if TYPE_CHECKING:
    from numpy.typing import NDArray

_SENTINEL: Final = 0xDEADBEEF
# What is read instead of mapped, in bytes
_MAX_READ: Final = 65536
_HEADER: Final = struct.Struct("<IIQQQ32x")


class BlobFile:
    """A weight file, opened when the first blob is requested.

    Headers and small blobs are read, large ones are mapped: touching a page loads many around it, which then count as
    memory of this process, and once more if ONNX Runtime maps the file.
    """

    def __init__(self, path: Path) -> None:
        """Store the path of the file; it is not opened yet."""
        self.path = path

    @cached_property
    def size(self) -> int:
        """The size in bytes."""
        return os.fstat(self._descriptor).st_size

    def data(self, start: int, length: int) -> bytes | memoryview:
        """Return bytes of the file, read-only; large ranges are mapped."""
        if length > _MAX_READ:
            return self._mapped[start : start + length]
        os.lseek(self._descriptor, start, os.SEEK_SET)
        return os.read(self._descriptor, length)

    @cached_property
    def _descriptor(self) -> int:
        """The descriptor of the opened file; raise `BadModelError` if it cannot be opened."""
        try:
            descriptor = os.open(self.path, os.O_RDONLY | getattr(os, "O_BINARY", 0))
        except OSError as error:
            raise BadModelError(f"{self.path}: cannot read the weight file: {error}") from error
        weakref.finalize(self, os.close, descriptor)
        return descriptor

    @cached_property
    def _mapped(self) -> memoryview:
        return memoryview(mmap.mmap(self._descriptor, 0, access=mmap.ACCESS_READ))

    @cached_property
    def location(self) -> str:
        """The absolute path."""
        return str(self.path.relative_to(self.path.anchor))

    def ref(self, offset: int, dtype: DType, size: int, shape: tuple[int, ...]) -> BlobRef:
        """Return the blob whose header is at *offset*.

        Raise `BadModelError` unless it holds *size* elements of *dtype*.
        """
        stored, length, start = self._header(offset)
        expected = packed_size(size, dtype)
        if stored != dtype and stored.bits != dtype.bits:
            self._fail(offset, f"the program declares {dtype.value}, but the blob contains {stored.value}")
        if length != expected:
            self._fail(offset, f"expected {expected} bytes ({dtype.value} {list(shape)}), the blob declares {length}")
        if start + length > self.size:
            self._fail(offset, f"expected {length} bytes at {start}, but the file ends at {self.size}")
        return BlobRef(self, start, length, dtype, shape)

    def _header(self, offset: int) -> tuple[DType, int, int]:
        if offset + _HEADER.size > self.size:
            self._fail(offset, f"expected a header of {_HEADER.size} bytes, but the file ends at {self.size}")
        sentinel, code, length, start, _padding = _HEADER.unpack(self.data(offset, _HEADER.size))
        if sentinel != _SENTINEL:
            self._fail(offset, f"expected the blob sentinel {_SENTINEL:#x}, found {sentinel:#x}")
        if code not in BLOB_DTYPES:
            self._fail(offset, f"unknown element type number {code}")
        return BLOB_DTYPES[code], length, start

    def _fail(self, offset: int, reason: str) -> Any:
        raise BadModelError(f"{self.path}, blob at offset {offset}: {reason}")


@dataclass(frozen=True, eq=False)
class BlobRef:
    """The location of a constant's data; nothing is read until `array` is called.

    `start` and `length` are in bytes, and inside the file.
    """

    file: BlobFile
    start: int
    length: int
    dtype: DType
    shape: tuple[int, ...]

    def array(self) -> NDArray[Any]:
        """Return the constant, read-only; a view of the mapped file if it is large and its elements are whole bytes."""
        return unpack(np.frombuffer(self.file.data(self.start, self.length), np.uint8), self.dtype, self.shape)


class MemoryBlobs:
    """The weights of a model in memory; the owner must not change them while the model is used."""

    def __init__(self, name: str, content: bytes) -> None:
        """Store the name of the weights in messages, and the bytes of their weight file."""
        self._file = _Held(Path(name), content)

    def ref(self, offset: int, dtype: DType, size: int, shape: tuple[int, ...]) -> NDArray[Any]:
        """Return a view of a blob, found as in a file; ONNX Runtime can read files directly, but not this memory."""
        return self._file.ref(offset, dtype, size, shape).array()


class _Held(BlobFile):
    """A weight file that is already in memory."""

    def __init__(self, path: Path, content: bytes) -> None:
        super().__init__(path)
        self._content = memoryview(content)
        self.size = len(content)

    def data(self, start: int, length: int) -> memoryview:
        return self._content[start : start + length]
