"""The clock of a trace, from its table `time-info`.

The trace began at *mabs-epoch* ticks of mach_absolute_time, whose unit is *timebase-info*. On macOS
`time.perf_counter_ns` counts the same clock (https://docs.python.org/3/library/time.html#time.perf_counter says it is
monotonic, CPython's `pytime.c` that it is mach_absolute_time). That both agree was not tried on a Mac.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from pytest_coreml.errors import ReportError

if TYPE_CHECKING:
    from pytest_coreml.device_reports.xctrace.table_parser import Table, Value

TIME_INFO: Final = "time-info"
_FIELD: Final = "mach-timebase-info-field"


def start_of_trace(table: Table) -> int:
    """Return the start of the trace in nanoseconds of the monotonic clock, from its table *time-info*.

    Raise `ReportError` if the table does not have one start, such as that of several recordings.
    """
    epochs = table.column("mabs-epoch", "mach-absolute-time")
    bases = table.column("timebase-info", "mach-timebase-info")
    starts = {_start(table, *each) for each in zip(epochs or [None], bases or [None], strict=False)}
    if len(starts) != 1:
        raise ReportError(f"the table {TIME_INFO} has {len(starts)} starts of a trace, where one was expected")
    return starts.pop()


def _start(table: Table, epoch: Value | None, base: Value | None) -> int:
    fields = [value.text for value in table.children(base, _FIELD)]
    if len(fields) != 2 and base is not None:
        # As the text for people has it.
        fields = list((base.text or base.fmt or "").split("/"))
    ticks, numerator, denominator = (_number(text) for text in (epoch.text if epoch else None, *_pair(fields)))
    if not numerator or not denominator:
        raise ReportError(f"the table {TIME_INFO} has a unit of time of 0")
    return ticks * numerator // denominator


def _pair(fields: list[str | None]) -> tuple[str | None, str | None]:
    return (fields[0], fields[1]) if len(fields) == 2 else (None, None)


def _number(text: str | None) -> int:
    if text is None or not text.strip().isdecimal() or len(text) > 20:
        raise ReportError(f"the table {TIME_INFO} lacks the epoch of the trace, or its unit of time")
    return int(text)
