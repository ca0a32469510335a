"""Parse the tables in an export: `<node>` elements with a `<schema>` and its `<row>` elements.

A row has a cell for each column, in the order of columns; two columns may have cells with the same tag. An element with
`id` defines a value, also inside another value, and one with `ref` repeats it, even before it is defined. A `sentinel`
stands for no value. A node without a schema goes on with the table before it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, NamedTuple
from xml.etree.ElementTree import ParseError
from xml.parsers import expat

from pytest_coreml.device_reports.xctrace.export_limits import check_export
from pytest_coreml.device_reports.xctrace.export_parts import MAX_DEPTH, TOO_DEEP, read_parts
from pytest_coreml.device_reports.xctrace.export_root import TABLES_ROOT
from pytest_coreml.errors import ReportError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from typing import TypeAlias
    from xml.etree.ElementTree import Element

MAX_COLUMNS: Final = 200
_SENTINEL: Final = "sentinel"


class Value(NamedTuple):
    """A value."""

    text: str | None
    """The raw text; None for no text, as a composite has."""
    fmt: str | None
    """The text for people."""
    children: tuple[tuple[str, Content], ...] = ()
    """The values inside, with their tags."""


# A value, the id of one that is defined later in the document or nowhere, or None for no value.
if TYPE_CHECKING:
    Content: TypeAlias = Value | str | None


@dataclass(frozen=True)
class Column:
    """A column of a table."""

    mnemonic: str
    engineering_type: str


@dataclass
class Table:
    """The rows of all nodes with one schema."""

    schema: str
    columns: list[Column] = field(default_factory=list)
    rows: list[tuple[Content, ...]] = field(default_factory=list)
    values: dict[str, Value] = field(default_factory=dict)
    """All values of the document, by their ids."""

    def column(self, mnemonic: str, engineering_type: str) -> list[Value | None] | None:
        """Return the values in the column *mnemonic*, else in the first one of this type; None if there is neither.

        A value is None for no value, and for a reference to one that is not defined.
        """
        index = self._index(mnemonic, engineering_type)
        if index is None:
            return None
        values = self.values
        return [
            values.get(content) if isinstance(content, str) else content
            for content in [row[index] for row in self.rows]
        ]

    def _index(self, mnemonic: str, engineering_type: str) -> int | None:
        names = [column.mnemonic for column in self.columns]
        if mnemonic in names:
            return names.index(mnemonic)
        types = [column.engineering_type for column in self.columns]
        return types.index(engineering_type) if engineering_type in types else None

    def child(self, value: Value | None, tag: str) -> Value | None:
        """Return the first value with this *tag* inside *value*."""
        return next(self.children(value, tag), None)

    def children(self, value: Value | None, tag: str) -> Iterator[Value]:
        """Yield the values with this *tag* directly inside *value*."""
        for name, content in value.children if value is not None else ():
            found = self.values.get(content) if isinstance(content, str) else content
            if name == tag and found is not None:
                yield found


def parse_tables(path: Path) -> list[Table]:
    """Return the tables in the export at *path*.

    Raise `ReportError`, naming the file and what is wrong where, for anything but an export, for one that is cut off,
    and for one that is larger or nested deeper than exports are. Entities are refused.
    """
    check_export(path, f"</{TABLES_ROOT}>".encode())
    document = _Document()
    try:
        with path.open("rb") as file:
            for part in read_parts(file):
                document.add(part)
    except ParseError as error:
        what = expat.errors.messages[error.code]
        raise ReportError(f"{path}: not XML: {what}, line {error.position[0]}") from error
    except ReportError as error:
        raise ReportError(f"{path}: {error}") from error
    except OSError as error:
        raise ReportError(f"cannot read {path}: {error.strerror or error}") from error
    return list(document.tables.values())


class _Document:
    """Builds tables of the parts of a document, which is never in memory as a whole."""

    def __init__(self) -> None:
        self.tables: dict[str, Table] = {}
        self._values: dict[str, Value] = {}
        self._table: Table | None = None

    def add(self, part: Element) -> None:
        """Add a row or a schema; other elements say nothing."""
        if part.tag == "row":
            self._add_row(part)
        elif part.tag == "schema":
            self._begin_table(part.get("name", ""), [_column(column) for column in part])

    def _begin_table(self, name: str, columns: list[Column]) -> None:
        if len(columns) > MAX_COLUMNS:
            raise ReportError(f"a table of more than {MAX_COLUMNS} columns")
        self._table = self.tables.setdefault(name, Table(name, columns, values=self._values))
        if self._table.columns != columns:
            raise ReportError(f"two tables {name} with different columns")

    def _add_row(self, row: Element) -> None:
        table = self._table
        if table is None:
            raise ReportError("a row before the schema of its table")
        if len(row) != len(table.columns):
            place = f"row {len(table.rows) + 1} of {table.schema}"
            raise ReportError(f"{place} has {len(row)} cells, for {len(table.columns)} columns")
        table.rows.append(tuple([_content(cell, self._values) for cell in row]))


def _column(element: Element) -> Column:
    mnemonic, kind = element.findtext("mnemonic", ""), element.findtext("engineering-type", "")
    return Column(mnemonic.strip(), kind.strip())


def _content(element: Element, values: dict[str, Value], depth: int = 1) -> Content:
    """Return what *element* stands for; *values* gets what it and the elements inside define.

    Nearly all of a large document is read here, so that each call counts.
    """
    ref = element.get("ref")
    if ref is not None:
        return values.get(ref, ref)
    text, fmt = element.text, element.get("fmt")
    # One text is enough where both are equal, and there are many.
    text = fmt if text == fmt else text and (text.strip() or None)
    # Half of the time of Value(...), which is a function in Python.
    value = tuple.__new__(Value, (text, fmt, _children(element, values, depth) if len(element) else ()))
    name = element.get("id")
    if name is not None:
        values[name] = value
    elif element.tag == _SENTINEL:
        return None
    return value


def _children(element: Element, values: dict[str, Value], depth: int) -> tuple[tuple[str, Content], ...]:
    if depth > MAX_DEPTH:
        raise ReportError(TOO_DEEP)
    return tuple([(child.tag, _content(child, values, depth + 1)) for child in element])
