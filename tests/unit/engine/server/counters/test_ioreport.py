"""The reading of IOReport's channels through a double of its functions, laid out as public programs call them."""

from __future__ import annotations

import ctypes
from typing import Any

import pytest

from pytest_coreml.engine.server.counters.ioreport import IOReportReader, Libraries

NO_INTEGER = (1 << 63) - 1
Channel = dict[str, Any]


class Report:
    """`libIOReport`: channels by group and subgroup. Simple ones have a value, others residencies by state."""

    def __init__(self, groups: dict[tuple[str, str | None], list[Channel]], refused: tuple[str, ...] = ()) -> None:
        self.groups, self.refused = groups, refused

    def IOReportCopyChannelsInGroup(self, group: str, subgroup: str | None, *zeros: int) -> Any:  # noqa: N802
        assert zeros == (0, 0, 0)
        return (group, subgroup) if (group, subgroup) in self.groups else None

    def IOReportCreateSubscription(self, _: None, channels: Any, out: Any, *more: Any) -> Any:  # noqa: N802
        if channels[0] in self.refused:
            return None
        out._obj.value = 1
        return channels

    def IOReportCreateSamples(self, subscription: Any, subscribed: Any, _: None) -> Any:  # noqa: N802
        assert subscribed
        return {"IOReportChannels": self.groups[subscription]}

    def IOReportChannelGetChannelName(self, item: Channel) -> str:  # noqa: N802
        return str(item["name"])

    def IOReportChannelGetFormat(self, item: Channel) -> int:  # noqa: N802
        return 2 if "states" in item else 1

    def IOReportSimpleGetIntegerValue(self, item: Channel, _: int) -> int:  # noqa: N802
        return int(item["value"])

    def IOReportStateGetCount(self, item: Channel) -> int:  # noqa: N802
        return len(item["states"])

    def IOReportStateGetNameForIndex(self, item: Channel, index: int) -> str:  # noqa: N802
        return list(item["states"])[index]

    def IOReportStateGetResidency(self, item: Channel, index: int) -> int:  # noqa: N802
        return list(item["states"].values())[index]


class Foundation:
    """CoreFoundation: its objects are Python's."""

    def __init__(self) -> None:
        self.released: list[Any] = []

    def CFStringCreateWithCString(self, _: None, text: bytes, encoding: int) -> str:  # noqa: N802
        assert encoding == 0x08000100
        return text.decode()

    def CFStringGetCString(self, text: str, buffer: Any, size: int, _: int) -> bool:  # noqa: N802
        data = text.encode() + b"\0"
        if len(data) > size:
            return False
        ctypes.memmove(buffer, data, len(data))
        return True

    def CFDictionaryCreateMutableCopy(self, _: None, __: int, channels: Any) -> Any:  # noqa: N802
        return channels

    def CFDictionaryGetValue(self, sample: dict[str, Any], key: str) -> Any:  # noqa: N802
        return sample.get(key)

    def CFArrayGetCount(self, array: list[Any]) -> int:  # noqa: N802
        return len(array)

    def CFArrayGetValueAtIndex(self, array: list[Any], index: int) -> Any:  # noqa: N802
        return array[index]

    def CFRelease(self, item: Any) -> None:  # noqa: N802
        self.released.append(item)


# Names and units of a recorded list of an M5 Max and of published tables; padded, as they come.
GROUPS: dict[tuple[str, str | None], list[Channel]] = {
    ("Energy Model", None): [
        {"name": "CPU Energy", "value": 1000},
        {"name": "ANE0 ", "value": 30},
        {"name": "GPU0", "value": 20},
    ],
    ("AMC Stats", "Perf Counters"): [
        {"name": "ANE DCS RD", "value": 7000},
        {"name": "ANE DCS RD", "value": 9000},
        {"name": "PCPU0 DCS RD", "value": 1},
        {"name": "ANE RD", "value": NO_INTEGER},
    ],
    ("PMP", "AF BW"): [
        {"name": "ANE0 RD+WR", "states": {"   1GB/s": 100, "   2GB/s": 20, "  32GB/s": 3}},
        {"name": "DISP RD", "states": {"   1GB/s": 100}},
    ],
    ("ANE", "IOP State"): [{"name": "status", "states": {"Off": 500, "Running": 40}}],
    ("SoC Stats", "Events"): [{"name": "ANE_PWR_TRIG", "value": 24_000_000}],
}


def opened(report: Report, foundation: Foundation | None = None) -> tuple[IOReportReader, list[str]]:
    """Return a reader over *report*, and its notes."""
    notes: list[str] = []
    libraries = Libraries(report, foundation or Foundation())
    return IOReportReader(notes.append, lambda: libraries), notes


def test_channels_of_the_neural_engine_are_read() -> None:
    """The larger of two that share a name; no clock that always runs, and no integer that is none."""
    foundation = Foundation()
    reader, notes = opened(Report(GROUPS), foundation)

    readings = reader.read()

    assert {reading.counter.name: reading.value for reading in readings} == {
        "IOReport Energy Model/ANE0": 30,
        "IOReport AMC Stats/Perf Counters/ANE DCS RD": 9000,
        "IOReport PMP/AF BW/ANE0 RD+WR": 123,
        "IOReport ANE/IOP State/status": 40,
    }
    assert {reading.counter.scope for reading in readings} == {"system"}
    assert len(foundation.released) == 4
    assert notes == []


def test_a_group_that_is_refused_is_left_out() -> None:
    """The others are read."""
    reader, notes = opened(Report(GROUPS, refused=("AMC Stats", "PMP", "ANE")))

    assert [reading.counter.name for reading in reader.read()] == ["IOReport Energy Model/ANE0"]
    assert notes == []


def test_without_any_group_there_is_a_note() -> None:
    """So there is on a system without the library."""
    reader, notes = opened(Report({}))

    assert list(reader.read()) == []
    assert notes == ["IOReport: none of the known groups of channels can be read"]


@pytest.mark.parametrize("error", [OSError("no such file"), AttributeError("no such symbol")])
def test_a_library_that_is_missing_is_no_error(error: Exception) -> None:
    """Or one that lacks a function."""

    def fail() -> Libraries:
        raise error

    notes: list[str] = []
    reader = IOReportReader(notes.append, fail)

    assert list(reader.read()) == []
    assert notes == [f"IOReport: {error}"]


def test_it_is_missing_here() -> None:
    """The tests run on Linux, too."""
    notes: list[str] = []

    assert list(IOReportReader(notes.append).read()) == [] or not notes
