"""Exports of xctrace, written after published parsers' descriptions of the grammar: none was recorded by us."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

# Mnemonic and engineering type.
Columns = tuple[tuple[str, str], ...]
NEURAL_ENGINE: Final[Columns] = (
    ("start", "start-time"),
    ("duration", "duration"),
    ("channel-name", "ane-event-name"),
    ("event-depth", "metal-nesting-level"),
    ("event-label", "formatted-label"),
    ("state", "gpu-state"),
)
GPU: Final[Columns] = (
    ("start", "start-time"),
    ("duration", "duration"),
    ("channel-name", "gpu-channel-name"),
    ("start-latency", "duration"),
    ("event-label", "formatted-label"),
    ("state", "gpu-state"),
    ("process", "process"),
    ("bottleneck-label", "formatted-label"),
)
CORE_ML: Final[Columns] = (
    ("start", "start-time"),
    ("duration", "duration"),
    ("model-name", "coreml-model-name"),
    ("event", "coreml-model-event"),
)
TIME_INFO: Final[Columns] = (
    ("update-time", "sample-time"),
    ("mabs-epoch", "mach-absolute-time"),
    ("mct-epoch", "mach-continuous-time"),
    ("timebase-info", "mach-timebase-info"),
    ("trace-start-time", "time-since-epoch"),
)
CONTENTS: Final = """<?xml version="1.0"?>
<trace-toc><run number="1"><info><target>
<device platform="macOS" model="MacBook Pro" name="Ada's Mac" os-version="26.6.2 (25G83)" uuid="0000-UUID"/>
<process arguments="/Users/ada/secret.py" type="launched" return-exit-status="0" name="python" pid="4242"/></target>
<summary><instruments-version>16.0 (17F113)</instruments-version></summary></info>
<processes><process name="kernel" pid="0"/></processes>
<data><table schema="metal-gpu-intervals"/></data></run></trace-toc>
"""


def schema(name: str, columns: Columns) -> str:
    """Return the schema of a table."""
    cols = "".join(
        f"<col><mnemonic>{mnemonic}</mnemonic><name>{mnemonic.title()}</name>"
        f"<engineering-type>{kind}</engineering-type></col>"
        for mnemonic, kind in columns
    )
    return f'<schema name="{name}" documentation="Denotes activity.">{cols}</schema>'


def export(*nodes: str) -> str:
    """Return an export of *nodes*, each the schema and rows of a table, or rows of the table before."""
    body = "".join(
        f"<node xpath='//trace-toc[1]/run[1]/data[1]/table[{number}]'>{node}</node>"
        for number, node in enumerate(nodes, 1)
    )
    return f'<?xml version="1.0"?>\n<trace-query-result>\n{body}</trace-query-result>\n'


class Cells:
    """Makes the cells of rows; equal values are defined once, and referred to from then on, as xctrace does."""

    def __init__(self) -> None:
        self._ids: dict[tuple[str, str], int] = {}

    def cell(self, tag: str, text: str | None, fmt: str | None = None) -> str:
        """Return a cell; None is a sentinel."""
        if text is None:
            return "<sentinel/>"
        number = self._ids.get((tag, text))
        if number is not None:
            return f'<{tag} ref="{number}"/>'
        number = self._ids[tag, text] = len(self._ids) + 1
        return f'<{tag} id="{number}" fmt="{fmt or text}">{text}</{tag}>'

    def row(self, columns: Columns, *texts: str | int | None) -> str:
        """Return a row of plain values."""
        cells = (
            self.cell(kind, None if text is None else str(text)) for (_, kind), text in zip(columns, texts, strict=True)
        )
        return f"<row>{''.join(cells)}</row>"


def neural_engine(rows: Iterable[tuple[int, int, str]], name: str = "ane-hw-intervals") -> str:
    """Return a table of the Neural Engine with rows of start and duration in ns and a label."""
    cells = Cells()
    lines = (
        cells.row(NEURAL_ENGINE, start, duration, "Apple Neural Engine", 0, label, "Active")
        for start, duration, label in rows
    )
    return export(schema(name, NEURAL_ENGINE) + "\n".join(lines))


def core_ml(rows: Iterable[tuple[int, int, str, str]]) -> str:
    """Return Core ML's own table with rows of start and duration in ns, model and event."""
    cells = Cells()
    return export(schema("coreml-os-signpost", CORE_ML) + "\n".join(cells.row(CORE_ML, *row) for row in rows))


def time_info(epoch: int, numerator: int = 125, denominator: int = 3) -> str:
    """Return the table of the clock, as of a recording that began at *epoch* ticks."""
    base = (
        f'<mach-timebase-info id="4" fmt="{numerator}/{denominator}">'
        f'<mach-timebase-info-field id="5" fmt="{numerator}">{numerator}</mach-timebase-info-field>'
        f'<mach-timebase-info-field id="6" fmt="{denominator}">{denominator}</mach-timebase-info-field>'
        "</mach-timebase-info>"
    )
    row = (
        f'<row><sample-time id="1" fmt="00:00.000.000">0</sample-time>'
        f'<mach-absolute-time id="2" fmt="{epoch}">{epoch}</mach-absolute-time>'
        f'<mach-continuous-time id="3" fmt="{epoch}">{epoch}</mach-continuous-time>{base}'
        f'<time-since-epoch id="7" fmt="25/9/26, 2:18:16 AM">1790000000</time-since-epoch></row>'
    )
    return export(schema("time-info", TIME_INFO) + row)


def hostile_files(folder: Path) -> Iterator[tuple[str, Path]]:
    """Write damaged and hostile exports to *folder*; yield what is wrong with each, in words of the error, and it."""
    whole = neural_engine((start, 10, "Net_x Prediction") for start in range(100))
    bomb = '<!DOCTYPE b [<!ENTITY a "aaaaaaaaaa">' + "".join(
        f'<!ENTITY {chr(98 + index)} "{f"&{chr(97 + index)};" * 10}">' for index in range(9)
    )
    head = schema("ane-hw-intervals", NEURAL_ENGINE)
    attributes = " ".join(f'a{number}=""' for number in range(300_000))
    other_encoding = "zero bytes, as another encoding than UTF-8 has"
    no_end = "more than 1 MiB without the end of a row"
    contents: dict[str, tuple[str, str | bytes]] = {
        "truncated": ("cut off", whole[:-200]),
        "an end too few": ("not XML: mismatched tag, line 102", whole.replace("</row>", "", 1)),
        "an entity bomb": ("a document type", f"{bomb}]>" + whole.replace("Active", "&j;")),
        "the same in an attribute": ("a document type", f"{bomb}]>" + whole.replace('fmt="Active"', 'fmt="&j;"')),
        "after a comment": ("a document type", whole.replace("<trace", f"<!-- > -->{bomb}]><trace", 1)),
        "without a declaration": ("not XML: undefined entity, line 3", whole.replace('fmt="Active"', 'fmt="&j;"')),
        "in UTF-16": (other_encoding, f"{bomb}]>{whole[21:]}".encode("utf-16")),
        "the same, ends in ASCII": (
            other_encoding,
            f"{bomb}]>{whole[21:]}".encode("utf-16") + b"</trace-query-result>",
        ),
        "in UTF-16 without a mark": (other_encoding, f"{bomb}]>{whole[21:]}".encode("utf-16-be")),
        "deep in a row": ("nested too deeply", export(f"{head}<row>{'<a>' * 100_000}{'</a>' * 100_000}</row>")),
        "deep in a short row": (
            "nested too deeply",
            export(f"{head}<row>{'<a/>' * 5}{'<a>' * 4000}{'</a>' * 4000}</row>"),
        ),
        "deep elsewhere": ("nested too deeply for an export", export("<a>" * 100_000 + "</a>" * 100_000)),
        "rows": ("more than 250000 rows", export(head + "<row/>" * 1_000_000)),
        "cells": (no_end, export(f"{head}<row>{'<a/>' * 2_000_000}</row>")),
        "rows without cells": (
            "row 1 of ane-hw-intervals has 0 cells, for 6 columns",
            export(head + "<row/>" * 200_000),
        ),
        "columns": ("more than 200 columns", export(f'<schema name="a">{"<col/>" * 10_000}</schema>')),
        "nodes": (no_end, export(*[""] * 1_000_000)),
        "a text": (no_end, export(f"{head}<row><a>{'a' * 10_000_000}</a></row>")),
        "a text between rows": (no_end, whole.replace("</row>", f"</row>{' ' * 10_000_000}", 1)),
        "an attribute": (no_end, export(f'{head}<row><a fmt="{"a" * 10_000_000}"/></row>')),
        "attributes": (no_end, export(f"{head}<row><a {attributes}/></row>")),
        "a comment": (no_end, export(f"{head}<!--{'a' * 10_000_000}-->")),
        "no schema": ("row before the schema", export("<row/>")),
        "another root": ("not XML: mismatched tag", whole.replace("<trace-query-result>", "<html>")),
        "two forms of a table": (
            "two tables ane-hw-intervals with different columns",
            export(head, schema("ane-hw-intervals", CORE_ML)),
        ),
    }
    for number, (what, content) in enumerate(contents.values()):
        path = folder / f"{number}.xml"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        yield what, path
    huge = folder / "billion.xml"
    with huge.open("w") as file:
        file.write(whole)
        # A billion rows, of which only the size is on the disk.
        file.truncate(30 * 10**9)
    yield "larger than 128 MiB", huge
