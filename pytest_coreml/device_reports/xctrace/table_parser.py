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
from pytest_coreml.device_reports.xctrace.export_root import TABLES_ROOT
from pytest_coreml.errors import ReportError, shown
from pytest_coreml.facts.garbage import collection_paused

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path
    from typing import TypeAlias

# Below the root, a value inside values of a cell is six deep in published exports.
MAX_DEPTH: Final = 32
MAX_COLUMNS: Final = 200
_SENTINEL: Final = "sentinel"
# The depths of elements, with the root at 1.
_TABLE, _COLUMN, _COLUMN_FACT = 3, 4, 5
_TOO_DEEP: Final = "nested too deeply for an export of xctrace"


class Value:
    """A value: its raw text, the text for people, and the values inside."""

    __slots__ = ("children", "fmt", "text")

    def __init__(self, fmt: str | None) -> None:
        self.text: str | None = None
        self.fmt = fmt
        self.children: list[tuple[str, Content]] | None = None


# A value, the id of one that is defined elsewhere, or None for no value.
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
        return self.values.get(content) if isinstance(content, str) else content

    def child(self, value: Value | None, tag: str) -> Value | None:
        """Return the first value with this *tag* inside *value*."""
        for name, content in (value.children or ()) if value is not None else ():
            if name == tag and (found := self.resolve(content)) is not None:
                return found
        return None

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
    check_export(path, f"</{TABLES_ROOT}>".encode())
    parser = xml.parsers.expat.ParserCreate("UTF-8")
    parser.buffer_text = True
    document = _Document(parser)
    try:
        with path.open("rb") as file, collection_paused():
            parser.ParseFile(file)
    except xml.parsers.expat.ExpatError as error:
        raise ReportError(
            f"{path}: not XML: {xml.parsers.expat.errors.messages[error.code]}, line {error.lineno}"
        ) from (error)
    except ReportError as error:
        raise ReportError(f"{path}: {error}, line {parser.CurrentLineNumber}") from error
    except OSError as error:
        raise ReportError(f"cannot read {path}: {error.strerror or error}") from error
    return document.tables


class _Document:
    """Builds tables while the document is read, which is never in memory as a whole."""

    def __init__(self, parser: xml.parsers.expat.XMLParserType) -> None:
        self.tables: list[Table] = []
        self._values: dict[str, Value] = {}
        self._parser = parser
        self._rows = _RowReader(parser, self._values, self._end_row)
        self._depth = 0
        self._table: Table | None = None
        self._is_schema = False
        self._column: dict[str, str] = {}
        self._text = ""
        self._listen()

    def _listen(self) -> None:
        self._parser.StartElementHandler, self._parser.EndElementHandler = self._start, self._end
        self._parser.CharacterDataHandler = self._note_text

    def _note_text(self, data: str) -> None:
        self._text += data

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        self._depth += 1
        self._text = ""
        depth = self._depth
        if depth == 1 and tag != TABLES_ROOT:
            raise ReportError(f"not an export of xctrace: its root is {shown(tag)}, and not {TABLES_ROOT}")
        if depth == _TABLE and tag == "schema":
            self._begin_schema(attributes.get("name", ""))
        elif depth == _TABLE and tag == "row":
            if self._table is None:
                raise ReportError("a row before the schema of its table")
            self._rows.begin()
        elif depth == _COLUMN and self._is_schema:
            self._column = {}
        elif depth > MAX_DEPTH:
            raise ReportError(_TOO_DEEP)

    def _end(self, tag: str) -> None:
        depth = self._depth
        self._depth -= 1
        if depth == _TABLE:
            self._is_schema = False
        elif self._is_schema and depth == _COLUMN_FACT:
            self._column[tag] = self._text.strip()
        elif self._is_schema and depth == _COLUMN:
            self._add_column()

    def _begin_schema(self, name: str) -> None:
        self._is_schema = True
        known = next((table for table in self.tables if table.schema == name), None)
        if known is None:
            known = Table(name, values=self._values)
            self.tables.append(known)
        known.columns = []
        self._table = known

    def _add_column(self) -> None:
        assert self._table is not None, "a schema has begun"
        if len(self._table.columns) >= MAX_COLUMNS:
            raise ReportError(f"a table of more than {MAX_COLUMNS} columns")
        mnemonic, kind = self._column.get("mnemonic", ""), self._column.get("engineering-type", "")
        self._table.columns.append(Column(mnemonic, kind))

    def _end_row(self, row: list[Content]) -> None:
        table = self._table
        assert table is not None, "a row is of a table"
        if len(row) != len(table.columns):
            raise ReportError(f"a row of {table.schema} has {len(row)} cells, for {len(table.columns)} columns")
        table.rows.append(tuple(row))
        self._depth -= 1
        self._listen()


class _RowReader:
    """Reads the values of one row at a time: nearly all of a large document, so that each call counts.

    *done* gets the cells at the end of a row.
    """

    def __init__(
        self, parser: xml.parsers.expat.XMLParserType, values: dict[str, Value], done: Callable[[list[Content]], None]
    ) -> None:
        self._parser = parser
        self._values = values
        self._done = done
        self._row: list[Content] = []
        # The values that contain the current element, from the cell on.
        self._open: list[Content] = []
        self._texts: list[str] = []

    def begin(self) -> None:
        """Listen to the parser until the row ends."""
        self._row = []
        self._parser.StartElementHandler, self._parser.EndElementHandler = self._start, self._end
        self._parser.CharacterDataHandler = self._texts.append

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        content: Content = attributes.get("ref")
        opened = self._open
        if content is None and tag != _SENTINEL:
            content = Value(attributes.get("fmt"))
            name = attributes.get("id")
            if name is not None:
                self._values[name] = content
        if not opened:
            self._row.append(content)
        elif isinstance(around := opened[-1], Value):
            if around.children is None:
                around.children = []
            around.children.append((tag, content))
            if len(opened) > MAX_DEPTH:
                raise ReportError(_TOO_DEEP)
        opened.append(content)
        if self._texts:
            self._texts.clear()

    def _end(self, _: str) -> None:
        if not self._open:
            self._done(self._row)
            return
        value = self._open.pop()
        if self._texts:
            if isinstance(value, Value):
                text = "".join(self._texts).strip()
                # One text is enough where both are equal, and there are many.
                value.text = value.fmt if text == value.fmt else text or None
            self._texts.clear()
        if len(self._row) > MAX_COLUMNS:
            raise ReportError(f"a row of more than {MAX_COLUMNS} cells")
