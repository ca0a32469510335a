"""Speed and memory of timelines: a trace of 100,000 events is written and read, an export of 50,000 rows is parsed.

Each is measured in a separate process, in CPU time; the memory is the peak of that process.
"""

from __future__ import annotations

import json
import random
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytest_coreml.facts.timeline import Event, Timeline, Track, TrackKey

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

EVENTS = 100_000
ROWS = 50_000


def timeline() -> Timeline:
    """Return a timeline of ten models, each with a third of its events in each lane."""
    rng, tracks = random.Random(0), []
    for number in range(10):
        events, at = [], 10**15 + number * 10**9
        for _ in range(EVENTS // 30):
            for lane, kind, details in (
                ("data", "inputs", {"bytes": 602112}),
                ("activity", "predict", {}),
                ("compute", rng.choice(("conv", "relu", "linear")), {"operation": f"op_{rng.randrange(300)}"}),
            ):
                duration = rng.randrange(1, 3_000_000)
                events.append(Event(lane, kind, at, duration, details))  # type: ignore[arg-type]
                at += duration
        tracks.append(Track(TrackKey(f"Model{number}.mlpackage", "ab", "all"), events))
    return Timeline(tracks)


def gpu_export(path: Path) -> None:
    """Write an export as Instruments makes of a busy GPU: every value that differs is defined in its row."""
    columns = (
        ("start", "start-time"), ("duration", "duration"), ("channel-name", "gpu-channel-name"),
        ("frame-number", "gpu-frame-number"), ("start-latency", "duration"), ("event-depth", "metal-nesting-level"),
        ("event-label", "formatted-label"), ("state", "gpu-state"), ("process", "process"),
        ("cmdbuffer-id", "metal-command-buffer-id"), ("encoder-id", "metal-command-buffer-id"),
    )  # fmt: skip
    cols = "".join(f"<col><mnemonic>{m}</mnemonic><engineering-type>{t}</engineering-type></col>" for m, t in columns)
    rng = random.Random(0)
    with path.open("w") as file:
        file.write('<?xml version="1.0"?><trace-query-result><node xpath="//trace-toc[1]/run[1]/data[1]/table[1]">')
        file.write(f'<schema name="metal-gpu-intervals">{cols}</schema>')
        file.writelines(_row(number, 100 + 8 * number, rng) for number in range(ROWS))
        file.write("</node></trace-query-result>")


def _row(number: int, first: int, rng: random.Random) -> str:
    start, duration, latency = number * 100_000, rng.randrange(1000, 90_000), rng.randrange(1000, 90_000)
    label = f"Command Buffer {number}:Compute Command 0 ( python (42) )"
    shared = (
        '<process id="6" fmt="python (42)"><pid id="7" fmt="42">42</pid></process>'
        if number == 0
        else '<process ref="6"/>'
    )
    return (
        f'<row><start-time id="{first}" fmt="00:00.{number}">{start}</start-time>'
        f'<duration id="{first + 1}" fmt="{duration / 1000:.2f} µs">{duration}</duration>'
        f'<gpu-channel-name id="{first + 2}" fmt="Compute">Compute</gpu-channel-name><gpu-frame-number ref="1"/>'
        f'<duration id="{first + 3}" fmt="{latency / 1000:.2f} µs">{latency}</duration><metal-nesting-level ref="2"/>'
        f'<formatted-label id="{first + 4}" fmt="{label}"><string id="{first + 5}" fmt="{label}">{label}</string>'
        f'<process ref="6"/></formatted-label><gpu-state ref="3"/>{shared}'
        f'<metal-command-buffer-id id="{first + 6}" fmt="{number}">{number}</metal-command-buffer-id>'
        f'<metal-command-buffer-id id="{first + 7}" fmt="{number}">{number}</metal-command-buffer-id></row>\n'
    )


def write(path: Path) -> float:
    """Write the timeline; return the seconds."""
    from pytest_coreml.report.document.trace_document import trace_lines
    from pytest_coreml.report.document.write import TRACE, write_lines

    made = timeline()
    return seconds(lambda: write_lines(trace_lines(made), path, TRACE))


def read(path: Path) -> float:
    """Read the timeline; return the seconds."""
    from pytest_coreml.report.document.read_trace import read_trace

    return seconds(lambda: read_trace(path))


def parse(path: Path) -> float:
    """Parse the export, and make a timeline of it; return the seconds."""
    from pytest_coreml.device_reports.xctrace.overlay import overlay
    from pytest_coreml.device_reports.xctrace.table_parser import parse_tables
    from pytest_coreml.facts.garbage import collection_paused

    # As `pytest-coreml import` does.
    with collection_paused():
        return seconds(lambda: overlay(parse_tables(path)))


def seconds(work: Callable[[], Any]) -> float:
    """Return the CPU time of *work*."""
    start = time.process_time()
    work()
    return time.process_time() - start


STEPS = {"write": write, "read": read, "parse": parse}


def measure(folder: Path) -> Iterator[str]:
    """Yield a line for each step."""
    gpu_export(folder / "gpu.xml")
    for step, name in (("write", "trace.json"), ("read", "trace.json"), ("parse", "gpu.xml")):
        command = [sys.executable, __file__, step, str(folder / name)]
        taken, peak = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
        size = (folder / name).stat().st_size / 1e6
        yield f"{step} {name} of {size:.1f} MB: {taken:.2f} s of CPU time, peak memory {peak:.0f} MB"


if __name__ == "__main__":
    if len(sys.argv) == 3:
        used = STEPS[sys.argv[1]](Path(sys.argv[2]))
        unit = 1e6 if sys.platform == "darwin" else 1e3
        print(json.dumps([used, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit]))
    else:
        with tempfile.TemporaryDirectory() as made:
            for line in measure(Path(made)):
                print(line)
