"""Refuse an export that is too large, cut off, or hostile, before it is parsed."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final, NamedTuple

from pytest_coreml.errors import ReportError, UnreadableReportError

if TYPE_CHECKING:
    from pathlib import Path

# Ten times a table of 50,000 rows whose values mostly repeat.
MAX_BYTES: Final = 128 * 1024**2
MAX_ROWS: Final = 250_000
# Of elements, by the brackets that begin them or end them.
MAX_TAGS: Final = 12_000_000
_CHUNK: Final = 4 * 1024**2
_TAIL: Final = 4096


class _Mark(NamedTuple):
    text: bytes
    limit: int
    what: str


_MARKS: Final = (
    _Mark(b"<row", MAX_ROWS, f"more than {MAX_ROWS} rows; export a shorter recording"),
    _Mark(b"<", MAX_TAGS, "more elements than any export of xctrace"),
    # Parsers go by a byte order mark, whatever encoding they are told, and then read marks that were not counted.
    _Mark(b"\0", 0, "zero bytes, as another encoding than UTF-8 has"),
    # Entities can grow without limit, or name files. No export declares any.
    _Mark(b"<!DOCTYPE", 0, "a document type, which no export of xctrace has"),
    _Mark(b"<!ENTITY", 0, "entities, which no export of xctrace has"),
)


def check_export(path: Path, end: bytes) -> None:
    """Raise `ReportError` if the file at *path* is not to be parsed; a whole export ends with *end*.

    The file is read in pieces, which are compared with what a parser would spend time and memory on.
    """
    try:
        with path.open("rb") as file:
            size = os.fstat(file.fileno()).st_size
            if size > MAX_BYTES:
                raise ReportError(f"{path}: larger than {MAX_BYTES // 1024**2} MiB; export a shorter recording")
            counts = dict.fromkeys(_MARKS, 0)
            overlap, tail = b"", b""
            while chunk := file.read(_CHUNK):
                _count(path, overlap + chunk, counts)
                # A mark may lie across two pieces, and is counted where it ends.
                overlap = chunk[-(len(b"<!DOCTYPE") - 1) :]
                tail = (tail + chunk)[-_TAIL:]
    except OSError as error:
        raise UnreadableReportError(f"cannot read {path}: {error.strerror or error}") from error
    if not tail.rstrip().endswith(end):
        raise ReportError(f"{path}: cut off: it does not end with {end.decode()}")


def _count(path: Path, piece: bytes, counts: dict[_Mark, int]) -> None:
    for mark in counts:
        counts[mark] += piece.count(mark.text)
        if counts[mark] > mark.limit:
            raise ReportError(f"{path}: contains {mark.what}")
