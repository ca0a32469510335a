"""Weight files, written here byte by byte: what is read, what is mapped, and what is refused."""

from __future__ import annotations

import gc
import struct
from pathlib import Path

import numpy as np
import pytest

from pytest_coreml.reference.errors import BadModelError
from pytest_coreml.reference.format.blob import BlobFile, MemoryBlobs
from pytest_coreml.reference.format.dtypes import DType

SMALL, LARGE = np.arange(5, dtype=np.float32), np.arange(40_000, dtype=np.float32)


def content(array: np.ndarray) -> bytes:
    """Return a weight file of one blob, whose header is at 64: the mark, fp32, the size and the place of the data."""
    header = struct.pack("<IIQQQ32x", 0xDEADBEEF, 2, array.nbytes, 128, 0)
    return bytes(64) + header + array.tobytes()


def open_files() -> int:
    """Count what this process has open."""
    return len(list(Path("/proc/self/fd").iterdir()))


@pytest.mark.parametrize("array", [SMALL, LARGE], ids=["small", "large"])
def test_numbers_come_from_the_file(tmp_path, array):
    """Small and large blobs are the numbers that were written, and cannot be written to."""
    path = tmp_path / "weight.bin"
    path.write_bytes(content(array))

    result = BlobFile(path).ref(64, DType.FP32, array.size, array.shape).array()

    assert result.tolist() == array.tolist()
    assert not result.flags.writeable


def test_large_numbers_outlive_their_file(tmp_path):
    """An array stays readable when the file is closed, also after it is deleted."""
    path = tmp_path / "weight.bin"
    path.write_bytes(content(LARGE))
    result = BlobFile(path).ref(64, DType.FP32, LARGE.size, LARGE.shape).array()

    path.unlink()
    gc.collect()

    assert result.sum() == LARGE.sum()


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="counts open files in /proc")
def test_files_are_closed(tmp_path):
    """Unused files are closed."""
    path = tmp_path / "weight.bin"
    path.write_bytes(content(SMALL))
    gc.collect()
    before = open_files()

    BlobFile(path).ref(64, DType.FP32, SMALL.size, SMALL.shape).array()
    gc.collect()

    assert open_files() == before


def test_weights_in_memory():
    """Weights are read in place as long as an array refers to them."""
    held = MemoryBlobs("weights/weight.bin", content(SMALL))

    assert held.ref(64, DType.FP32, 5, (5,)).tolist() == SMALL.tolist()


@pytest.mark.parametrize(
    ("kept", "offset", "message"),
    [
        (130, 64, "expected 20 bytes at 128, but the file ends at 130"),
        (100, 64, "expected a header of 64 bytes, but the file ends at 100"),
        (0, 64, "expected a header of 64 bytes, but the file ends at 0"),
        (None, 0, "expected the blob sentinel 0xdeadbeef, found 0x0"),
        (None, 2**63, "expected a header of 64 bytes, but the file ends at 148"),
    ],
)
def test_cut_file(tmp_path, kept, offset, message):
    """Data that the file lacks is reported with its position."""
    path = tmp_path / "weight.bin"
    path.write_bytes(content(SMALL)[:kept])

    with pytest.raises(BadModelError, match=message):
        BlobFile(path).ref(offset, DType.FP32, 5, (5,))


def test_missing_file(tmp_path):
    """A weight file that cannot be opened is named."""
    with pytest.raises(BadModelError, match=r"weight\.bin: cannot read the weight file: .*No such file"):
        BlobFile(tmp_path / "weight.bin").ref(64, DType.FP32, 5, (5,))
