"""Read an export in parts, the schema and rows of its tables, each of which is dropped before the next are read.

The tree is built by the accelerated parser of `xml.etree`: handlers in Python, called for each element, take twice as
long for the same work.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from xml.etree.ElementTree import TreeBuilder, XMLParser

from pytest_coreml.errors import ReportError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import BinaryIO
    from xml.etree.ElementTree import Element

# Below the root, a value inside values of a cell is six deep in published exports.
MAX_DEPTH: Final = 32
TOO_DEEP: Final = "nested too deeply for an export of xctrace"
# Of the document from one part to the next; a row of 200 cells has some tens of KiB.
MAX_PART_BYTES: Final = 1024**2
CHUNK_BYTES: Final = 64 * 1024


def read_parts(file: BinaryIO) -> Iterator[Element]:
    """Yield the elements below the nodes of the document in *file*, in their order, each with all that is inside.

    The document is in UTF-8, whatever it declares. Raise `ReportError` for a part that is larger than those of exports,
    and for an element that is nested too deeply outside of any part; `ParseError` of `xml.etree.ElementTree` for what
    is not XML.
    """
    builder = TreeBuilder()
    # An element around the document, which shows what of it has been built.
    around = builder.start("document", {})
    parser = XMLParser(target=builder, encoding="UTF-8")
    unread = 0
    while chunk := file.read(CHUNK_BYTES):
        parser.feed(chunk)
        _check_depth(around)
        parts = _take_parts(around)
        unread = 0 if parts else unread + len(chunk)
        if unread > MAX_PART_BYTES:
            raise ReportError(f"more than {MAX_PART_BYTES // 1024**2} MiB without the end of a row")
        yield from parts
    # Also parses what it has put off; the element around stays open, which no parser has seen.
    parser.close()
    yield from (part for document in around for node in document for part in node)


def _check_depth(around: Element) -> None:
    """Raise `ReportError` if the elements that may not have ended are too many."""
    last, depth = around, 0
    while len(last):
        last, depth = last[-1], depth + 1
        if depth > MAX_DEPTH:
            raise ReportError(TOO_DEEP)


def _take_parts(around: Element) -> list[Element]:
    """Take the parts out of the tree that have ended; the last one of the last node may not have."""
    parts: list[Element] = []
    for document in around:
        for node in document[:-1]:
            parts += node
        del document[:-1]
        for node in document:
            parts += node[:-1]
            del node[:-1]
    return parts
