"""Turn the rows of known tables into events of a timeline.

Times in a table are nanoseconds from the start of the trace.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, NamedTuple

from pytest_coreml.errors import ReportError, shown
from pytest_coreml.facts.timeline import Event

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pytest_coreml.device_reports.xctrace.table_parser import Content, Table
    from pytest_coreml.facts.timeline import Lane

NEURAL_ENGINE: Final = ("ane-hw-intervals", "ane-hw-intervals-internal")
CORE_ML: Final = "coreml-os-signpost"
GPU: Final = "metal-gpu-intervals"
# The events of Core ML's own table that are work of a device, not an activity.
_COMPUTE: Final = {"CPU": "cpu", "GPU Request": "gpu", "Prepare GPU Request": "gpu"}
_ACTIVITIES: Final = {"Prediction": "predict", "Load": "load"}
# A name in that table is that of the compiled folder, with a number of the model after it.
_NUMBER: Final = re.compile(r"-[0-9]+$")
# 100 years; a later time is not one.
_MAX_NS: Final = 100 * 366 * 86_400 * 10**9


class Row(NamedTuple):
    """An event of a table, and what it is of."""

    event: Event
    label: str | None
    """The text that the table has for it; None for no text."""
    model: str | None
    """The name of the compiled model, as far as the table says; None if it does not."""
    process: int | None = None
    """The id of the process; None where the table does not say."""


def is_prediction(label: str | None) -> bool:
    """Return True for the label of a row of the Neural Engine that belongs to a prediction."""
    return label is not None and (label.rstrip().endswith("Prediction") or "AneInference" in label)


def read_rows(table: Table) -> Iterator[Row]:
    """Yield the events in *table*, an empty number of them for a table that is not known.

    Rows without a start, or with a duration of 0, which stands for no value, are left out, and those in which the
    device was not active. Raise `ReportError` for a time that is not a number.
    """
    reader = _READERS.get(table.schema)
    return reader(table) if reader is not None else iter(())


def _neural_engine_rows(table: Table) -> Iterator[Row]:
    level = table.index("event-depth", "metal-nesting-level")
    for row, start, duration, label in _active(table):
        # A row at a deeper level is a part of another one.
        if not _integer(table, row, level):
            kind = "predict" if is_prediction(label) else _kind(label)
            yield Row(Event("neuralEngine", kind, start, duration), label, None)


def _gpu_rows(table: Table) -> Iterator[Row]:
    channel, process = table.index("channel-name", "gpu-channel-name"), table.index("process", "process")
    for row, start, duration, label in _active(table):
        cell = table.cell(row, channel)
        kind = (cell.fmt or cell.text if cell is not None else None) or "GPU"
        pid = table.child(table.cell(row, process), "pid")
        text = pid.text if pid is not None else None
        number = int(text) if text is not None and text.isdecimal() and len(text) < 10 else None
        yield Row(Event("gpu", kind, start, duration), label, None, number)


def _core_ml_rows(table: Table) -> Iterator[Row]:
    name = table.index("coreml-model-name", "coreml-model-name")
    kind = table.index("coreml-model-event", "coreml-model-event")
    for row, start, duration in _timed(table):
        event, model = _text(table, row, kind) or "event", _text(table, row, name)
        lane: Lane = "compute" if event in _COMPUTE else "activity"
        details = {"device": _COMPUTE[event]} if event in _COMPUTE else {}
        word = _ACTIVITIES.get(event, event)
        yield Row(Event(lane, word, start, duration, details), event, _NUMBER.sub("", model) if model else None)


_READERS: Final[dict[str, Callable[[Table], Iterator[Row]]]] = {
    **dict.fromkeys(NEURAL_ENGINE, _neural_engine_rows),
    GPU: _gpu_rows,
    CORE_ML: _core_ml_rows,
}
KNOWN_TABLES: Final = tuple(_READERS)


def _active(table: Table) -> Iterator[tuple[tuple[Content, ...], int, int, str | None]]:
    state, label = table.index("state", "gpu-state"), table.index("event-label", "formatted-label")
    for row, start, duration in _timed(table):
        if _text(table, row, state) in (None, "Active"):
            yield row, start, duration, _text(table, row, label)


def _timed(table: Table) -> Iterator[tuple[tuple[Content, ...], int, int]]:
    start, duration = table.index("start", "start-time"), table.index("duration", "duration")
    if table.rows and (start is None or duration is None):
        raise ReportError(f"the table {table.schema} has no columns for start and duration")
    for row in table.rows:
        begin, length = _integer(table, row, start), _integer(table, row, duration)
        if begin is not None and length:
            yield row, begin, length


def _text(table: Table, row: tuple[Content, ...], index: int | None) -> str | None:
    value = table.cell(row, index)
    # The text of a composite is that for people.
    return (value.text or value.fmt) if value is not None else None


def _integer(table: Table, row: tuple[Content, ...], index: int | None) -> int | None:
    value = table.cell(row, index)
    if value is None or value.text is None:
        return None
    text = value.text
    if not text.isdecimal() or len(text) > 20 or int(text) > _MAX_NS:
        raise ReportError(f"the table {table.schema} has {shown(text)} where a number was expected")
    return int(text)


def _kind(label: str | None) -> str:
    words = (label or "").lower()
    return next((word for word in ("load", "compile") if word in words), "other")
