"""Tables of xctrace by their grammar, and files that are not to be parsed."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import xctrace_files
from xctrace_files import GPU, export, schema

from pytest_coreml.device_reports.xctrace import export_parts
from pytest_coreml.device_reports.xctrace.table_parser import Table, Value, parse_tables
from pytest_coreml.errors import ReportError

if TYPE_CHECKING:
    from collections.abc import Sequence

# A row with all that values do: two columns with one tag, values inside values, references to those, a sentinel.
FIRST = """<row><start-time id="1" fmt="00:00.100">100000000</start-time>
 <duration id="2" fmt="1.00 ms">1000000</duration>
 <gpu-channel-name id="3" fmt="Compute">Compute</gpu-channel-name><duration id="9" fmt="7 ns">7</duration>
 <formatted-label id="4" fmt="Command 0 ( app (42) )"><string id="5" fmt="Command 0">Command 0</string>
  <process id="6" fmt="app (42)"><pid id="7" fmt="42">42</pid><device-session id="8" fmt="TODO">TODO</device-session>
  </process></formatted-label>
 <gpu-state id="10" fmt="Active">Active</gpu-state><process ref="6"/><sentinel/></row>"""
# References to values of the other row, one of which is only defined after it.
SECOND = """<row><start-time id="11" fmt="0.2">200</start-time><duration ref="9"/><gpu-channel-name ref="3"/>
 <duration ref="2"/><formatted-label ref="4"/><gpu-state ref="10"/><process ref="6"/><formatted-label ref="99"/>
 </row>"""


def parse(tmp_path: Path, text: str) -> list[Table]:
    """Parse an export."""
    path = tmp_path / "table.xml"
    path.write_text(text)
    return parse_tables(path)


def texts(table: Table, row: int, *mnemonics: str) -> Sequence[str | None]:
    """Return the raw texts of cells."""
    values = [value(table, row, mnemonic) for mnemonic in mnemonics]
    return [each.text if each is not None else None for each in values]


def value(table: Table, row: int, mnemonic: str) -> Value | None:
    """Return the value of a cell."""
    column = table.column(mnemonic, "")
    assert column is not None
    return column[row]


def test_cells_belong_to_columns_by_their_order(tmp_path: Path) -> None:
    """Two columns have cells with the tag duration; the second one is the latency."""
    (table,) = parse(tmp_path, export(schema("metal-gpu-intervals", GPU) + FIRST))

    assert table.schema == "metal-gpu-intervals"
    assert texts(table, 0, "start", "duration", "start-latency", "state") == ["100000000", "1000000", "7", "Active"]
    label = value(table, 0, "event-label")
    assert label is not None
    assert (label.text, label.fmt) == (None, "Command 0 ( app (42) )")


def test_references_repeat_values_wherever_they_are_defined(tmp_path: Path) -> None:
    """In another row, inside another value, and after the reference; one that is defined nowhere has no value."""
    for rows in (FIRST + SECOND, SECOND + FIRST):
        (table,) = parse(tmp_path, export(schema("metal-gpu-intervals", GPU) + rows))
        second = rows.index("200<") < rows.index("100000000<")
        row = 0 if second else 1

        assert texts(table, row, "duration", "start-latency", "channel-name") == ["7", "1000000", "Compute"]
        process = value(table, row, "process")
        pid = table.child(process, "pid")
        assert pid is not None
        assert pid.text == "42"
        assert texts(table, row, "bottleneck-label") == [None]


def test_a_sentinel_is_no_value(tmp_path: Path) -> None:
    """It stands where a value would, so that the cells after it belong to their columns."""
    (table,) = parse(tmp_path, export(schema("metal-gpu-intervals", GPU) + FIRST))

    assert texts(table, 0, "bottleneck-label") == [None]


def test_a_node_without_a_schema_goes_on_with_the_table_before_it(tmp_path: Path) -> None:
    """Several tables of one schema are one; another schema begins another table."""
    other = schema("time-info", (("update-time", "sample-time"),)) + "<row><sample-time>0</sample-time></row>"

    tables = parse(tmp_path, export(schema("metal-gpu-intervals", GPU) + FIRST, SECOND, other))

    assert [(table.schema, len(table.rows)) for table in tables] == [("metal-gpu-intervals", 2), ("time-info", 1)]


def test_a_value_that_refers_to_itself_is_not_followed(tmp_path: Path) -> None:
    """A cycle of references ends."""
    columns = (("process", "process"),)
    row = '<row><process id="1" fmt="app"><pid ref="1"/></process></row>'

    (table,) = parse(tmp_path, export(schema("x", columns) + row))

    process = value(table, 0, "process")
    assert table.child(process, "pid") is process


def test_a_repeated_id_is_that_of_the_value_before_the_reference(tmp_path: Path) -> None:
    """Ids are unique in published exports; in one that begins again with 1, a reference is not to a later value."""
    columns = (("time", "start-time"),)
    rows = (f'<row><start-time id="1">{time}</start-time></row><row><start-time ref="1"/></row>' for time in (5, 7))

    (table,) = parse(tmp_path, export(schema("x", columns), *rows))

    assert [value.text for value in table.column("time", "") or () if value] == ["5", "5", "7", "7"]


@pytest.mark.parametrize("chunk", [1, 7, 100, 3300])
def test_the_pieces_in_which_a_file_is_read_make_no_difference(
    chunk: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rows that end within a piece, at its end, and in a later one, are read once and whole.

    New versions of expat put off a long token that a piece has cut, and may do so until the end.
    """
    other = schema("time-info", (("update-time", "sample-time"),)) + "<row><sample-time>0</sample-time></row>"
    text = export(schema("metal-gpu-intervals", GPU) + FIRST + SECOND, SECOND.replace("200", "é&lt;"), "", other)
    text = text.replace('fmt="TODO"', f'fmt="{"k" * 3000}"').replace(
        "<sample-time>", f'<sample-time fmt="{"k" * 3000}">'
    )
    whole = parse(tmp_path, text)

    monkeypatch.setattr(export_parts, "CHUNK_BYTES", chunk)

    assert parse(tmp_path, text) == whole
    assert [len(table.rows) for table in whole] == [3, 1]


@pytest.mark.parametrize("text", ["", "<", '{"a": 1}', "<html></html>", "\x00" * 100])
def test_other_files_are_errors(text: str, tmp_path: Path) -> None:
    """A file that is not an export is an error with the name of the file."""
    with pytest.raises(ReportError, match=r"table\.xml"):
        parse(tmp_path, text)


MEASURE = """
import json, re, resource, sys, time
from pathlib import Path
from pytest_coreml.device_reports.xctrace import export_parts
from pytest_coreml.device_reports.xctrace.table_parser import parse_tables
from pytest_coreml.errors import ReportError

def peak():
    # On Linux the resource usage of a process begins with that of the one that started it.
    status = Path("/proc/self/status")
    if status.exists():
        return int(re.search(r"VmHWM:\\s*(\\d+)", status.read_text())[1])
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024

for path in sys.argv[1:]:
    start, said = time.process_time(), "nothing"
    try:
        parse_tables(Path(path))
    except ReportError as error:
        said = str(error)
    print(json.dumps([said, time.process_time() - start, peak()]))
"""


def test_hostile_files_are_refused_at_once(tmp_path: Path) -> None:
    """Each is a clear error that names the file, within a second of CPU time and 200 MB."""
    files = list(xctrace_files.hostile_files(tmp_path))
    command = [sys.executable, "-c", MEASURE, *(str(path) for _, path in files)]

    output = subprocess.run(command, check=True, capture_output=True, text=True).stdout

    for (expected, path), line in zip(files, output.splitlines(), strict=True):
        said, seconds, kilobytes = json.loads(line)
        assert expected in said
        assert Path(path).name in said
        assert seconds < 1, said
        assert kilobytes < 200_000, said
