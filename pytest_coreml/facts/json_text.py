"""Parse JSON that may be damaged or hostile, within limits of memory."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any, NamedTuple

from pytest_coreml.errors import UnreadableReportError, hidden_for_ours

if TYPE_CHECKING:
    from pathlib import Path

__tracebackhide__ = hidden_for_ours


class JsonLimits(NamedTuple):
    """The limits on the content of a file."""

    size: int
    """Bytes."""
    parts: int
    """Lists and objects."""
    values: int
    """Values, by the commas between them."""


def read_limited(path: Path, size_limit: int) -> bytes:
    """Return the content of the file at *path*; raise `UnreadableReportError` if it cannot be read or is too large."""
    try:
        with path.open("rb") as file:
            # A file that is too large is not read. A pipe has no size.
            size = os.fstat(file.fileno()).st_size
            content = file.read(size_limit + 1) if size <= size_limit else b""
    except OSError as error:
        raise UnreadableReportError(f"cannot read the report {path}: {error.strerror or error}") from error
    if max(size, len(content)) > size_limit:
        raise UnreadableReportError(f"{path}: larger than {size_limit // 1024**2} MiB, so it is not a report")
    return content


def parse_json(path: Path, content: bytes, limits: JsonLimits) -> Any:
    """Return the JSON value that *content*, of the file at *path*, contains; NaN and infinity become strings.

    Raise `UnreadableReportError`, naming the place, for anything but JSON in UTF-8 within *limits*.
    """
    # Counted before parsing: a gigabyte of empty lists needs twenty gigabytes as Python objects.
    parts = content.count(b"[") + content.count(b"{")
    if parts > limits.parts or content.count(b",") > limits.values:
        raise UnreadableReportError(f"{path}: contains more lists or values than any report")
    try:
        return json.loads(content.decode("utf-8-sig"), parse_constant=str)
    except json.JSONDecodeError as error:
        raise UnreadableReportError(
            f"{path}: not JSON: {error.msg}, line {error.lineno} column {error.colno}"
        ) from error
    except UnicodeDecodeError as error:
        raise UnreadableReportError(f"{path}: not valid UTF-8: invalid byte at offset {error.start}") from error
    except RecursionError as error:
        raise UnreadableReportError(f"{path}: nested too deeply for a report") from error
    except ValueError as error:  # an integer with thousands of digits
        raise UnreadableReportError(f"{path}: {error}") from error
