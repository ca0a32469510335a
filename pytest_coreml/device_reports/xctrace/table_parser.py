"""Parse the tables in an export: `<node>` elements with a `<schema>` and its `<row>` elements.

A row has a cell for each column, in the order of columns; two columns may have cells with the same tag. An element with
`id` defines a value, also inside another value, and one with `ref` repeats it, even before it is defined. A `sentinel`
stands for no value. A node without a schema goes on with the table before it.
"""

from __future__ import annotations

import xml.parsers.expat
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from pytest_coreml.device_reports.xctrace.export_limits import check_export
from pytest_coreml.errors import ReportError, shown

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from typing import TypeAlias

ROOT: Final = "trace-query-result"
# Below the root, a value inside values of a cell is six deep in published exports.
MAX_DEPTH: Final = 32
MAX_COLUMNS: Final = 200
_SENTINEL: Final = "sentinel"
# The depths of elements, with the root at 1.
_NODE, _TABLE, _CELL, _COLUMN_FACT = 2, 3, 4, 5


class Value:
    """A value: its raw text, the text for people, and the values inside."""

    __slots__ = ("children", "fmt", "text")

    def __init__(self, fmt: str | None) -> None:
        self.text: str | None = None
        self.fmt = fmt
        self.children: list[tuple[str, Content]] | None = None


# A value, the number of one that is defined elsewhere, or None for no value.
if TYPE_CHECKING:
    Content: TypeAlias = Value | int | None


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
    values: dict[int, Value] = field(default_factory=dict)
    """All values of the document, by their ids."""

    def index(self, mnemonic: str, engineering_type: str) -> int | None:
        """Return the index of the column *mnemonic*, else of the first one of this type; None if there is neither."""
        names = [column.mnemonic for column in self.columns]
        if mnemonic in names:
            return names.index(mnemonic)
        types = [column.engineering_type for column in self.columns]
        return types.index(engineering_type) if engineering_type in types else None

    def cell(self, row: tuple[Content, ...], index: int | None) -> Value | None:
        """Return the value of a cell; None for no value, for a column that is not there, and an undefined reference."""
        return self.resolve(row[index]) if index is not None else None

    def resolve(self, content: Content) -> Value | None:
        """Return the value that *content* is or refers to."""
        return self.values.get(content) if isinstance(content, int) else content

    def child(self, value: Value | None, tag: str) -> Value | None:
        """Return the first value with this *tag* inside *value*."""
        return next(iter(self.children(value, tag)), None)

    def children(self, value: Value | None, tag: str) -> Iterator[Value]:
        """Yield the values with this *tag* directly inside *value*."""
        for name, content in (value.children or ()) if value is not None else ():
            found = self.resolve(content)
            if name == tag and found is not None:
                yield found


def parse_tables(path: Path) -> list[Table]:
    """Return the tables in the export at *path*.

    Raise `ReportError`, naming the file and the line, for anything but an export, for one that is cut off, and for one
    that is larger or nested deeper than exports are. Entities are refused.
    """
    check_export(path, f"</{ROOT}>".encode())
    handler = _Handler()
    parser = xml.parsers.expat.ParserCreate("UTF-8")
    parser.buffer_text = True
    parser.StartElementHandler = handler.start
    parser.EndElementHandler = handler.end
    parser.CharacterDataHandler = handler.text
    try:
        with path.open("rb") as file:
            parser.ParseFile(file)
    except xml.parsers.expat.ExpatError as error:
        raise ReportError(
            f"{path}: not XML: {xml.parsers.expat.errors.messages[error.code]}, line {error.lineno}"
        ) from (error)
    except ReportError as error:
        raise ReportError(f"{path}: {error}, line {parser.CurrentLineNumber}") from error
    except OSError as error:
        raise ReportError(f"cannot read {path}: {error.strerror or error}") from error
    return handler.tables


class _Handler:
    """Builds tables while the document is read, which is never in memory as a whole."""

    def __init__(self) -> None:
        self.tables: list[Table] = []
        self._values: dict[int, Value] = {}
        self._depth = 0
        self._table: Table | None = None
        self._row: list[Content] | None = None
        self._is_schema = False
        self._column: dict[str, str] = {}
        self._texts: list[str] = []
        # The values that contain the current element, from the cell on; None for a reference or a sentinel.
        self._open: list[Content] = []

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        """Begin an element."""
        self._depth += 1
        depth = self._depth
        if depth >= _CELL and self._row is not None:
            self._begin_value(tag, attributes)
        elif depth == 1 and tag != ROOT:
            raise ReportError(f"not an export of xctrace: its root is {shown(tag)}, and not {ROOT}")
        elif depth == _TABLE:
            self._begin_part(tag, attributes)
        elif depth == _CELL and self._is_schema:
            self._column = {}
        elif depth > MAX_DEPTH:
            raise ReportError("nested too deeply for an export of xctrace")
        if self._texts:
            self._texts = []

    def end(self, tag: str) -> None:
        """End an element."""
        depth = self._depth
        self._depth -= 1
        if self._open:
            self._end_value()
        elif depth == _TABLE:
            self._end_part()
        elif self._is_schema and depth == _COLUMN_FACT:
            self._column[tag] = "".join(self._texts).strip()
        elif self._is_schema and depth == _CELL:
            self._add_column()

    def text(self, data: str) -> None:
        """Keep text."""
        self._texts.append(data)

    def _begin_part(self, tag: str, attributes: dict[str, str]) -> None:
        if tag == "schema":
            self._is_schema = True
            self._table = self._table_of(attributes.get("name", ""))
            self._table.columns = []
        elif tag == "row":
            if self._table is None:
                raise ReportError("a row before the schema of its table")
            self._row = []

    def _end_part(self) -> None:
        self._is_schema = False
        if self._row is None or self._table is None:
            return
        if len(self._row) != len(self._table.columns):
            raise ReportError(
                f"a row of {self._table.schema} has {len(self._row)} cells, for {len(self._table.columns)} columns"
            )
        self._table.rows.append(tuple(self._row))
        self._row = None

    def _table_of(self, schema: str) -> Table:
        known = next((table for table in self.tables if table.schema == schema), None)
        if known is None:
            known = Table(schema, values=self._values)
            self.tables.append(known)
        return known

    def _add_column(self) -> None:
        assert self._table is not None, "a schema has begun"
        if len(self._table.columns) >= MAX_COLUMNS:
            raise ReportError(f"a table of more than {MAX_COLUMNS} columns")
        mnemonic, kind = self._column.get("mnemonic", ""), self._column.get("engineering-type", "")
        self._table.columns.append(Column(mnemonic, kind))

    def _begin_value(self, tag: str, attributes: dict[str, str]) -> None:
        content = self._content(tag, attributes)
        if not self._open:
            assert self._row is not None, "values are in rows"
            if len(self._row) >= MAX_COLUMNS:
                raise ReportError(f"a row of more than {MAX_COLUMNS} cells")
            self._row.append(content)
        else:
            if self._depth > MAX_DEPTH:
                raise ReportError("nested too deeply for an export of xctrace")
            around = self._open[-1]
            if isinstance(around, Value):
                if around.children is None:
                    around.children = []
                around.children.append((tag, content))
        self._open.append(content)

    def _content(self, tag: str, attributes: dict[str, str]) -> Content:
        reference = attributes.get("ref")
        if reference is not None:
            return _number(reference)
        if tag == _SENTINEL:
            return None
        value = Value(attributes.get("fmt"))
        name = attributes.get("id")
        if name is not None:
            self._values[_number(name)] = value
        return value

    def _end_value(self) -> None:
        value = self._open.pop()
        if isinstance(value, Value) and self._texts:
            value.text = "".join(self._texts).strip() or None
            if value.text == value.fmt:
                # One of the two is enough, and there are many.
                value.fmt = value.text
        self._texts = []


def _number(text: str) -> int:
    # Longer numbers are not ids, and Python refuses some of them.
    if not text.isdecimal() or len(text) > 12:
        raise ReportError(f"expected the number of a value, got {shown(text)}")
    return int(text)
