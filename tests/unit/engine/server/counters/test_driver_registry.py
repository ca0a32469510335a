"""The reading of driver clients from property lists in the documented form of `ioreg -a`."""

from __future__ import annotations

import plistlib
import random
from typing import TYPE_CHECKING, Any

import pytest

from pytest_coreml.engine.server.counters.driver_registry import CLIENTS, GPU_TIME, DriverRegistryReader
from pytest_coreml.engine.server.counters.registry_dump import RegistryDump

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

PID = 4242
# Two APIs of one client, 0.25 s and 0.75 s, and a second client; another process; a client that has done nothing.
GPU = b"""<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
<plist version="1.0"><array><dict>
  <key>IOObjectClass</key><string>AGXAcceleratorG16X</string>
  <key>IORegistryEntryChildren</key><array>
    <dict>
      <key>AppUsage</key><array>
        <dict><key>API</key><string>Metal</string><key>accumulatedGPUTime</key><integer>250000000</integer></dict>
        <dict><key>API</key><string>Metal</string><key>accumulatedGPUTime</key><integer>750000000</integer></dict>
      </array>
      <key>IOObjectClass</key><string>AGXDeviceUserClient</string>
      <key>IOUserClientCreator</key><string>pid 4242, python3.11</string>
    </dict>
    <dict>
      <key>AppUsage</key><array>
        <dict><key>API</key><string>Metal</string><key>accumulatedGPUTime</key><integer>5</integer></dict>
      </array>
      <key>IOUserClientCreator</key><string>pid 4242, python3.11</string>
    </dict>
    <dict>
      <key>AppUsage</key><array>
        <dict><key>API</key><string>Metal</string><key>accumulatedGPUTime</key><integer>9000000000</integer></dict>
      </array>
      <key>IOUserClientCreator</key><string>pid 42, WindowServer</string>
    </dict>
    <dict><key>AppUsage</key><array/><key>IOUserClientCreator</key><string>pid 4242, python3.11</string></dict>
  </array>
</dict></array></plist>
"""
NEURAL_ENGINE = b"""<?xml version="1.0" encoding="UTF-8"?>
<plist version="1.0"><array><dict>
  <key>IOObjectClass</key><string>H1xANELoadBalancer</string>
  <key>IORegistryEntryChildren</key><array>
    <dict>
      <key>IOObjectClass</key><string>H1xANELoadBalancerClient</string>
      <key>IOUserClientCreator</key><string>pid 4242, aned</string>
    </dict>
    <dict>
      <key>IOObjectClass</key><string>H1xANELoadBalancerDirectPathClient</string>
      <key>IOUserClientCreator</key><string>pid 4242, python3.11</string>
    </dict>
    <dict>
      <key>IOObjectClass</key><string>H1xANELoadBalancerDirectPathClient</string>
      <key>IOUserClientCreator</key><string>pid 42421, photoanalysisd</string>
    </dict>
  </array>
</dict></array></plist>
"""


class Registry:
    """A registry that answers with these dumps, and keeps the notes of its reader."""

    def __init__(self, gpu: bytes | OSError = GPU, neural_engine: bytes | OSError = NEURAL_ENGINE) -> None:
        self.answers = {"IOAccelerator": gpu, "H1xANELoadBalancer": neural_engine}
        self.asked: list[str] = []
        self.notes: list[str] = []
        self.reader = DriverRegistryReader(self.notes.append, self._run, PID)

    def _run(self, words: Sequence[str], seconds: float, max_bytes: int) -> bytes:
        assert words[:4] == ("ioreg", "-a", "-r", "-c")
        assert (seconds, max_bytes) == (2.0, 1 << 25)
        self.asked.append(words[4])
        answer = self.answers[words[4]]
        if isinstance(answer, OSError):
            raise answer
        return answer

    def read(self) -> dict[str, float]:
        """Return the values by name."""
        return {reading.counter.name: reading.value for reading in self.reader.read()}


def gpu_dump(usage: Any, creator: Any = f"pid {PID}, python") -> bytes:
    """Return a dump with one client that has this usage."""
    client = {"AppUsage": usage, "IOUserClientCreator": creator}
    return plistlib.dumps([{"IORegistryEntryChildren": [client]}])


def test_time_and_clients_of_this_process_are_summed() -> None:
    """All entries of all its clients; neither those of others, nor the system's service."""
    registry = Registry()

    assert registry.read() == {GPU_TIME.name: 1_000_000_005, CLIENTS.name: 1}
    assert registry.notes == []


def test_a_time_directly_on_the_client_is_read() -> None:
    """As drivers of Intel Macs have it."""
    client = {"accumulatedGPUTime": 77, "IOUserClientCreator": f"pid {PID}, python"}

    assert Registry(plistlib.dumps([{"IORegistryEntryChildren": [client]}])).read()[GPU_TIME.name] == 77


def test_a_process_without_clients_has_used_nothing() -> None:
    """Where other processes have times, the counter works."""
    registry = Registry(gpu_dump([{"accumulatedGPUTime": 9}], "pid 42, WindowServer"))

    assert registry.read()[GPU_TIME.name] == 0


@pytest.mark.parametrize(
    ("dump", "note"),
    [
        (b"", "the registry has no such driver"),
        (plistlib.dumps([]), "the registry has no such driver"),
        (plistlib.dumps("text"), "the registry has no such driver"),
        (plistlib.dumps([{"IOObjectClass": "AppleParavirtGPU"}]), "the registry has no such driver"),
        (b"+-o AGXAccelerator  <class AGXAccelerator>\n", "ioreg did not write a property list"),
        (GPU[: len(GPU) // 2], "ioreg did not write a property list"),
        (GPU[: len(GPU) // 2] + b"</plist>", "are not nested"),
        (GPU.replace(b"<dict>", b""), "are not nested"),
        (GPU.replace(b"<plist", b"<!-- <dict> --><plist"), "ioreg did not write a property list"),
        (GPU.replace(b"<integer>5<", b"<integer>many<"), "did not write a property list: ValueError"),
        (GPU.replace(b"<key>accumulatedGPUTime</key>", b"", 1), "did not write a property list"),
        (GPU.replace(b"python3.11", b"&python;"), "did not write a property list: ExpatError"),
        (plistlib.dumps([], fmt=plistlib.FMT_BINARY), "did not write a property list"),
        (gpu_dump([{"accumulatedGPUTime": -5}]), "has -5 as a time"),
        (gpu_dump([{"accumulatedGPUTime": "5"}]), "has '5' as a time"),
        (GPU.replace(b"750000000", b"9" * 400), "as a time"),
        (gpu_dump([{"accumulatedGPUTime": True}]), "has True as a time"),
        (gpu_dump("much"), "no such driver"),
        (gpu_dump([], 4242), "no such driver"),
        (OSError("ioreg did not end within 2 s"), "GPU time: ioreg did not end within 2 s"),
    ],
    ids=range(20),
)
def test_a_dump_of_another_form_is_no_reading(dump: bytes | OSError, note: str) -> None:
    """There is a note, the other driver is read anyway, and the command is not run again."""
    registry = Registry(dump)

    assert registry.read() == registry.read() == {CLIENTS.name: 1}
    assert len(registry.notes) == 1
    assert note in registry.notes[0]
    assert registry.asked.count("IOAccelerator") == 1


def test_entries_are_those_of_the_process_in_any_dump() -> None:
    """As a walk through the whole dump finds them: nested, between others, with names that look like tags."""
    rng = random.Random(0)
    for _ in range(200):
        tree = random_entries(rng, 3)

        found = RegistryDump(plistlib.dumps(tree)).entries(PID)

        expected = [entry for entry in walk(tree) if entry.get("IOUserClientCreator", "").startswith(f"pid {PID},")]
        assert sorted(found, key=plistlib.dumps) == sorted(expected, key=plistlib.dumps)


def random_entries(rng: random.Random, depth: int) -> list[dict[str, Any]]:
    """Return entries of random processes, with others below them, some without a creator or any property."""
    names = ("python", "</dict>", "<dict>", f"pid {PID}, x", "é", "")
    made = []
    for _ in range(rng.randrange(4)):
        entry: dict[str, Any] = {"AppUsage": [{"API": rng.choice(names)}] * rng.randrange(3), "Empty": {}}
        if rng.random() < 0.7:
            entry["IOUserClientCreator"] = f"pid {rng.choice((PID, PID // 10, PID * 10))}, {rng.choice(names)}"
        if depth:
            entry["IORegistryEntryChildren"] = random_entries(rng, depth - 1)
        made.append(entry if rng.random() < 0.9 else {})
    return made


def walk(entries: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Yield all entries."""
    for entry in entries:
        yield entry
        yield from walk(entry.get("IORegistryEntryChildren", []))


def test_a_deep_tree_is_read() -> None:
    """A dump that is nested ten thousand times, inside an entry of this process, is read without recursion."""
    below = b"<dict><key>IORegistryEntryChildren</key><array>" * 10_000 + b"</array></dict>" * 10_000
    own = b"<key>IORegistryEntryChildren</key><array>" + below + b"</array>"
    creator = f"<key>IOUserClientCreator</key><string>pid {PID}, python</string>".encode()
    times = b"<key>accumulatedGPUTime</key><integer>3</integer>"
    registry = Registry(b"<plist><array><dict>" + times + own + creator + b"</dict></array></plist>")

    assert registry.read()[GPU_TIME.name] == 3
