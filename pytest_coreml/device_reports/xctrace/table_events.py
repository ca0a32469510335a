"""Turn the rows of known tables into events of a timeline.

Times in a table are nanoseconds from the start of the trace.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, NamedTuple

from pytest_coreml.errors import ReportError, shown
from pytest_coreml.facts.timeline import Event

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from pytest_coreml.device_reports.xctrace.table_parser import Table, Value
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
    levels = _integers(table, "event-depth", "metal-nesting-level")
    for level, (start, duration, label) in zip(levels, _active(table), strict=True):
        # A row at a deeper level is a part of another one.
        if duration and not level:
            kind = "predict" if is_prediction(label) else _kind(label)
            yield Row(Event("neuralEngine", kind, start, duration), label, None)


def _gpu_rows(table: Table) -> Iterator[Row]:
    channels = _values(table, "channel-name", "gpu-channel-name")
    for channel, process, (start, duration, label) in zip(channels, _process_ids(table), _active(table), strict=True):
        if duration:
            kind = (channel.fmt or channel.text if channel is not None else None) or "GPU"
            yield Row(Event("gpu", kind, start, duration), label, None, process)


def _process_ids(table: Table) -> list[int | None]:
    processes = _values(table, "process", "process")
    # Rows repeat the values of few processes.
    found = {key: _process_id(table, process) for key, process in {id(each): each for each in processes}.items()}
    return [found[id(each)] for each in processes]


def _process_id(table: Table, process: Value | None) -> int | None:
    pid = table.child(process, "pid")
    text = pid.text if pid is not None else None
    return int(text) if text is not None and text.isdecimal() and len(text) < 10 else None


def _core_ml_rows(table: Table) -> Iterator[Row]:
    models = _texts(table, "coreml-model-name", "coreml-model-name")
    events = _texts(table, "coreml-model-event", "coreml-model-event")
    for model, text, (start, duration) in zip(models, events, _timed(table), strict=True):
        if duration:
            event = text or "event"
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


def _active(table: Table) -> Iterator[tuple[int, int, str | None]]:
    """Yield start, duration and label of each row; a duration of 0 for one in which the device was not active."""
    states, labels = _texts(table, "state", "gpu-state"), _texts(table, "event-label", "formatted-label")
    for state, label, (start, duration) in zip(states, labels, _timed(table), strict=True):
        yield start, duration if state in (None, "Active") else 0, label


def _timed(table: Table) -> Iterator[tuple[int, int]]:
    """Yield start and duration of each row; a duration of 0 for one without."""
    if table.rows and None in (table.column("start", "start-time"), table.column("duration", "duration")):
        raise ReportError(f"the table {table.schema} has no columns for start and duration")
    starts, durations = _integers(table, "start", "start-time"), _integers(table, "duration", "duration")
    for start, duration in zip(starts, durations, strict=True):
        yield (0, 0) if start is None else (start, duration or 0)


def _values(table: Table, mnemonic: str, engineering_type: str) -> Sequence[Value | None]:
    """Return a value for each row, also of a column that is not there."""
    found = table.column(mnemonic, engineering_type)
    return found if found is not None else [None] * len(table.rows)


def _texts(table: Table, mnemonic: str, engineering_type: str) -> list[str | None]:
    # The text of a composite is that for people.
    return [value and (value.text or value.fmt) for value in _values(table, mnemonic, engineering_type)]


def _integers(table: Table, mnemonic: str, engineering_type: str) -> list[int | None]:
    texts = [value and value.text for value in _values(table, mnemonic, engineering_type)]
    for text in texts:
        if text is not None and (not text.isdecimal() or len(text) > 20 or int(text) > _MAX_NS):
            raise ReportError(f"the table {table.schema} has {shown(text)} where a number was expected")
    return [None if text is None else int(text) for text in texts]


def _kind(label: str | None) -> str:
    words = (label or "").lower()
    return next((word for word in ("load", "compile") if word in words), "other")
