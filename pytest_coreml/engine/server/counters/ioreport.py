"""Counters of IOReport, a private library of macOS: which of them move with the Neural Engine depends on the machine.

The calls and their order are those of public programs that read it without root. A group that is refused is left out,
and so is all of it where the library is missing. The key `IOReportChannels` of a sample has the channels; values are
cumulative, so that two samples give the difference over the time between them.
"""

from __future__ import annotations

import ctypes
import re
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from pytest_coreml.engine.server.counters.counter_reader import Reading
from pytest_coreml.facts.observed import Counter

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

_LIBRARY: Final = "/usr/lib/libIOReport.dylib"
_CORE_FOUNDATION: Final = "/System/Library/Frameworks/CoreFoundation.framework/CoreFoundation"
_UTF8: Final = 0x08000100
_MAX_NAME: Final = 256
_SIMPLE, _STATE = 1, 2
# What a channel of states has where an integer is asked for.
_NO_INTEGER: Final = (1 << 63) - 1


class _Channels(NamedTuple):
    """A group of channels that are known to move with the Neural Engine on some chips."""

    group: str
    subgroup: str | None
    name: str
    """A pattern of the names of the channels."""
    unit: str
    floor: float
    states: str | None = None
    """A pattern of the states that count; None for a channel with one number."""


# Not `SoC Stats`: its events are a clock that always runs. Not `dart-ane0`: it moves with the GPU, too.
_GROUPS: Final = (
    _Channels("Energy Model", None, r"ANE\d*(_\d+)?", "mJ/s", 50.0),
    _Channels("AMC Stats", "Perf Counters", r"ANE\d* .*(RD|WR)", "bytes/s", 1e6),
    _Channels("Interrupt Statistics (by index)", "ane 0", "Second Level Interrupt Handler Count", "interrupts/s", 10.0),
    *(
        _Channels(group, subgroup, r"ANE.* (RD|WR|RD\+WR)", "events/s", 10.0, r".+")
        for group in ("PMP", "PMP0", "PMP1")
        for subgroup in ("AF BW", "DCS BW")
    ),
    _Channels("ANE", "IOP State", "status", "ticks/s", 1000.0, "Running"),
)


class Libraries(NamedTuple):
    """The two libraries, with the types of their functions declared."""

    report: Any
    foundation: Any

    @classmethod
    def open(cls) -> Libraries:
        """Load them. Raises `OSError` or `AttributeError` where one, or a function of one, is missing."""
        libraries = cls(ctypes.CDLL(_LIBRARY), ctypes.CDLL(_CORE_FOUNDATION))
        _declare(libraries)
        return libraries


class IOReportReader:
    """Reads the channels of the groups that this machine has. *note*: gets why there are none."""

    def __init__(self, note: Callable[[str], None], open_libraries: Callable[[], Libraries] = Libraries.open) -> None:
        self._subscriptions: list[tuple[_Channels, Any, Any]] = []
        try:
            self._libraries = open_libraries()
            self._subscriptions = [found for channels in _GROUPS if (found := self._subscribe(channels)) is not None]
        except (OSError, AttributeError) as error:
            note(f"IOReport: {error}")
            return
        if not self._subscriptions:
            note("IOReport: none of the known groups of channels can be read")

    def read(self) -> Sequence[Reading]:
        """Return the readings of all channels; of those that occur twice, the larger one."""
        readings: dict[str, Reading] = {}
        for channels, subscription, subscribed in self._subscriptions:
            for reading in self._sample(channels, subscription, subscribed):
                name = reading.counter.name
                if name not in readings or readings[name].value < reading.value:
                    readings[name] = reading
        return list(readings.values())

    def _subscribe(self, channels: _Channels) -> tuple[_Channels, Any, Any] | None:
        report, text = self._libraries.report, self._text
        subgroup = text(channels.subgroup) if channels.subgroup is not None else None
        found = report.IOReportCopyChannelsInGroup(text(channels.group), subgroup, 0, 0, 0)
        if not found:
            return None
        copy = self._libraries.foundation.CFDictionaryCreateMutableCopy(None, 0, found)
        subscribed = ctypes.c_void_p()
        subscription = report.IOReportCreateSubscription(None, copy, ctypes.byref(subscribed), 0, None)
        return (channels, subscription, subscribed) if subscription and subscribed else None

    def _sample(self, channels: _Channels, subscription: Any, subscribed: Any) -> Iterator[Reading]:
        sample = self._libraries.report.IOReportCreateSamples(subscription, subscribed, None)
        if not sample:
            return
        try:
            for item in self._items(sample):
                name, value = self._name(item), None
                if re.fullmatch(channels.name, name):
                    value = self._value(channels, item)
                if value is not None:
                    where = "/".join(filter(None, (channels.group, channels.subgroup, name)))
                    counter = Counter(
                        *(f"IOReport {where}", "neuralEngine", "system", "activity", channels.unit, channels.floor)
                    )
                    yield Reading(counter, value)
        finally:
            self._libraries.foundation.CFRelease(sample)

    def _items(self, sample: Any) -> Iterator[Any]:
        foundation = self._libraries.foundation
        array = foundation.CFDictionaryGetValue(sample, self._text("IOReportChannels"))
        for index in range(foundation.CFArrayGetCount(array) if array else 0):
            yield foundation.CFArrayGetValueAtIndex(array, index)

    def _value(self, channels: _Channels, item: Any) -> float | None:
        report = self._libraries.report
        kind = report.IOReportChannelGetFormat(item)
        if channels.states is None:
            value = report.IOReportSimpleGetIntegerValue(item, 0) if kind == _SIMPLE else _NO_INTEGER
            return None if value == _NO_INTEGER else float(value)
        if kind != _STATE:
            return None
        states = range(report.IOReportStateGetCount(item))
        counted = [i for i in states if re.fullmatch(channels.states, self._string(_state_name(report, item, i)))]
        return float(sum(report.IOReportStateGetResidency(item, index) for index in counted))

    def _name(self, item: Any) -> str:
        return self._string(self._libraries.report.IOReportChannelGetChannelName(item))

    def _text(self, text: str) -> Any:
        # Kept: an observation makes some dozens of them.
        return self._libraries.foundation.CFStringCreateWithCString(None, text.encode(), _UTF8)

    def _string(self, reference: Any) -> str:
        """Return the text of a string of the library, without the blanks that it is padded with."""
        buffer = ctypes.create_string_buffer(_MAX_NAME)
        if not reference or not self._libraries.foundation.CFStringGetCString(reference, buffer, _MAX_NAME, _UTF8):
            return ""
        return buffer.value.decode(errors="replace").strip()


def _state_name(report: Any, item: Any, index: int) -> Any:
    return report.IOReportStateGetNameForIndex(item, index)


def _declare(libraries: Libraries) -> None:
    pointer, number, wide, size = ctypes.c_void_p, ctypes.c_int32, ctypes.c_uint64, ctypes.c_long
    functions: dict[str, tuple[Any, ...]] = {
        "IOReportCopyChannelsInGroup": (pointer, pointer, pointer, wide, wide, wide),
        "IOReportCreateSubscription": (pointer, pointer, pointer, ctypes.POINTER(pointer), wide, pointer),
        "IOReportCreateSamples": (pointer, pointer, pointer, pointer),
        "IOReportChannelGetChannelName": (pointer, pointer),
        "IOReportChannelGetFormat": (number, pointer),
        "IOReportSimpleGetIntegerValue": (ctypes.c_int64, pointer, number),
        "IOReportStateGetCount": (number, pointer),
        "IOReportStateGetNameForIndex": (pointer, pointer, number),
        "IOReportStateGetResidency": (ctypes.c_int64, pointer, number),
        "CFStringCreateWithCString": (pointer, pointer, ctypes.c_char_p, ctypes.c_uint32),
        "CFStringGetCString": (ctypes.c_bool, pointer, ctypes.c_char_p, size, ctypes.c_uint32),
        "CFDictionaryCreateMutableCopy": (pointer, pointer, size, pointer),
        "CFDictionaryGetValue": (pointer, pointer, pointer),
        "CFArrayGetCount": (size, pointer),
        "CFArrayGetValueAtIndex": (pointer, pointer, size),
        "CFRelease": (None, pointer),
    }
    for name, (result, *arguments) in functions.items():
        function = getattr(libraries.report if name.startswith("IOReport") else libraries.foundation, name)
        function.restype, function.argtypes = result, arguments
